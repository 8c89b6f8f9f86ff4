internal import GrapevineCore

/// Failure detection by phi over random gossip as kite has it, in synchronous rounds.
///
/// Its rule is that of kite's descendant, piko (`pkg/gossip`: `gossip.go`, `failuredetector.go`):
///
/// - In each round every node begins an exchange with one random peer that it holds for live, and
///   one with a random peer that it holds for down, if there is one. In an exchange both sides hear
///   directly from each other, once. Nothing else is a sign of life, least of all what others tell.
/// - Per peer a node keeps the last 50 gaps between such contacts. When it comes to know the peer,
///   it puts a made-up gap of 2 rounds there.
/// - Phi is the time since the last contact divided by the mean of these gaps. The peer is down
///   while phi exceeds 20, which is looked at at the end of each round.
///
/// An exchange takes no time here, no packet is lost, and all nodes know each other from the start.
/// So two nodes hear from each other at the same moments, and what one knows of the other is what
/// the other knows of it. Times are whole rounds, and phi is compared without a division, so that
/// one seed gives one outcome everywhere.
///
/// Piko also forgets a peer that was down for a minute, and its gaps with it; this is left out.
package struct DirectContactModel: Sendable {
  package let nodes: Int
  /// The rounds that have passed.
  package private(set) var round = 0

  private let threshold: Int
  private let window: Int
  private var random: Xoshiro256
  private var pairs: [Pair]
  /// The last gaps of the pairs, `window` places for each.
  private var gaps: [Int32]
  /// Per node a round before which none of its peers turns down, so that there is no need to look.
  private var quietUntil: [Int]

  /// What two nodes know of each other.
  private struct Pair {
    var lastContact = 0
    var gapCount = 0
    var gapSum = 0
    /// The first round at whose end phi exceeds the threshold, if there is no contact before.
    var downAt = 0
    /// How often the two met again after they had held each other for down.
    var recoveries = 0
  }

  /// Creates a cluster whose nodes just came to know each other.
  package init(nodes: Int, threshold: Int = 20, window: Int = 50, seed: UInt64) {
    precondition(nodes >= 2 && threshold > 0 && window > 0, "there is no such cluster")
    self.nodes = nodes
    self.threshold = threshold
    self.window = window
    random = Xoshiro256(seed: seed)
    let pairCount = nodes * (nodes - 1) / 2
    pairs = Array(repeating: Pair(), count: pairCount)
    gaps = Array(repeating: 0, count: pairCount * window)
    quietUntil = Array(repeating: .max, count: nodes)
    for second in 1..<nodes {
      for first in 0..<second { add(DirectContactModel.firstGap, first, second) }
    }
  }

  private static let firstGap = 2
}

extension DirectContactModel {
  /// Lets rounds pass.
  package mutating func run(rounds: Int) {
    var exchanges: [(Int, Int)] = []
    for _ in 0..<rounds {
      // All choose by what they held at the end of the round before.
      for node in 0..<nodes { choosePeers(of: node, &exchanges) }
      round += 1
      for (node, peer) in exchanges { contact(node, peer) }
      exchanges.removeAll(keepingCapacity: true)
    }
  }

  private mutating func choosePeers(of node: Int, _ exchanges: inout [(Int, Int)]) {
    guard round >= quietUntil[node] else {
      let peer = random.index(nodes - 1)
      exchanges.append((node, peer < node ? peer : peer + 1))
      return
    }
    var live: [Int] = []
    var down: [Int] = []
    var next = Int.max
    for peer in 0..<nodes where peer != node {
      let downAt = pairs[index(node, peer)].downAt
      next = min(next, downAt)
      if downAt > round { live.append(peer) } else { down.append(peer) }
    }
    quietUntil[node] = next
    for peers in [live, down] where !peers.isEmpty {
      exchanges.append((node, peers[random.index(peers.count)]))
    }
  }

  private mutating func contact(_ first: Int, _ second: Int) {
    let pair = pairs[index(first, second)]
    if pair.downAt < round { pairs[index(first, second)].recoveries += 1 }
    pairs[index(first, second)].lastContact = round
    add(round - pair.lastContact, first, second)
  }

  /// Puts a gap in the place of the oldest one and sees when the two will be down for each other.
  private mutating func add(_ gap: Int, _ first: Int, _ second: Int) {
    let index = index(first, second)
    let place = index * window + pairs[index].gapCount % window
    pairs[index].gapSum += gap - Int(gaps[place])
    pairs[index].gapCount += 1
    gaps[place] = Int32(gap)
    let count = min(pairs[index].gapCount, window)
    // Down when elapsed / (sum / count) > threshold: the first whole number of rounds above that.
    let downAt = pairs[index].lastContact + threshold * pairs[index].gapSum / count + 1
    pairs[index].downAt = downAt
    quietUntil[first] = min(quietUntil[first], downAt)
    quietUntil[second] = min(quietUntil[second], downAt)
  }

  private func index(_ first: Int, _ second: Int) -> Int {
    let larger = max(first, second)
    return larger * (larger - 1) / 2 + min(first, second)
  }
}

extension DirectContactModel {
  /// If one of two nodes crashed now: in how many rounds the other would hold it for down.
  ///
  /// One number for each two nodes that don't hold each other for down already. Nothing of what
  /// happens after a crash changes what was heard from the crashed node, so that one cluster tells
  /// of every crash that could happen.
  package var detectionRounds: [Int] {
    pairs.compactMap { $0.downAt > round ? $0.downAt - round : nil }
  }

  /// The number of ordered pairs of nodes.
  package var orderedPairs: Int { 2 * pairs.count }

  /// The ordered pairs of which the one, so far, ever held the other for down; all are alive.
  package var falseDownPairs: Int {
    2 * pairs.count { $0.recoveries > 0 || $0.downAt <= round }
  }

  /// How often a node, so far, came to hold another for down; all are alive.
  package var falseDowns: Int {
    2 * pairs.reduce(0) { $0 + $1.recoveries + ($1.downAt <= round ? 1 : 0) }
  }
}
