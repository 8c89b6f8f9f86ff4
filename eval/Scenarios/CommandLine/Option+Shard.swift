internal import GrapevineSharding

// The options of sharding.
extension Option {
  static let ofShard = [
    Option(
      "--algorithm",
      "NAME",
      "Which of the algorithms; a ring is one for each of the numbers of tokens.",
      rule: "ring, rendezvous, multiprobe or all",
      standard: { _ in "all" },
      scenarios: [.shard]
    ) { options, text in
      let algorithms =
        text == "all" ? ShardAlgorithm.allCases : ShardAlgorithm(rawValue: text).map { [$0] }
      guard let algorithms else { return false }
      options.algorithms = algorithms
      return true
    },
    Option(
      "--tokens",
      "N,…",
      "The tokens of a node of weight 100 on a ring; of several there are as many rings.",
      rule: "whole numbers from 1 to 4096 such as 256 or 128,256",
      standard: { _ in "256,512" },
      scenarios: [.shard]
    ) { options, text in
      guard let tokens = counts(text, in: 1...4_096) else { return false }
      options.tokens = tokens
      return true
    },
    Option(
      "--weights",
      "N,…",
      "The weights that the nodes have in turn, in percent of the usual one.",
      rule: "whole numbers from 1 to 10000 such as 100 or 100,100,300",
      standard: { _ in "100" },
      scenarios: [.shard]
    ) { options, text in
      guard let weights = counts(text, in: 1...10_000) else { return false }
      options.weights = weights
      return true
    },
  ]

  /// Up to 100 numbers with commas between them.
  private static func counts(_ text: String, in range: ClosedRange<Int>) -> [Int]? {
    let counts = text.split(separator: ",", omittingEmptySubsequences: false).map { digits in
      digits.isEmpty ? nil : ValueText.count(String(digits)).flatMap { range ~= $0 ? $0 : nil }
    }
    let known = counts.compactMap(\.self)
    return known.count == counts.count && known.count <= 100 ? known : nil
  }
}

/// An algorithm that says who owns what.
package enum ShardAlgorithm: String, Sendable, CaseIterable {
  case ring
  case rendezvous
  case multiprobe
}
