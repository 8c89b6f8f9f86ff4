import Glibc
import GrapevineSharding
import Testing

/// What `Vectors/generate.c` printed; it also says what a line means.
struct VectorFile {
  /// A number or a text, and what it becomes.
  struct Pair<Input> {
    let input: Input
    let result: UInt64
  }

  /// Where a key lies.
  struct Place {
    let algorithm: Algorithm
    let key: String
    let nodes: [String]
    /// The first owners, best first; all of them if there are as many as nodes.
    let owners: [Int]
  }

  private(set) var keys: [Pair<String>] = []
  private(set) var scores: [Pair<UInt64>] = []
  private(set) var secondKeys: [Pair<UInt64>] = []
  private(set) var places: [Place] = []

  init() throws {
    var nodes: [String] = []
    for line in try Self.read().split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
      switch words[0] {
      case "key": keys.append(Pair(input: words[2], result: try Self.number(words[1])))
      case "score": scores.append(try Self.pair(words))
      case "second": secondKeys.append(try Self.pair(words))
      case "nodes": nodes = Array(words.dropFirst())
      case "place":
        places.append(
          Place(
            algorithm: try #require(Algorithm(rawValue: words[1])),
            key: words[2],
            nodes: nodes,
            owners: try words.dropFirst(3).map { try #require(Int($0)) }
          )
        )
      default: Issue.record("a line begins with \(words[0])")
      }
    }
  }

  private static func pair(_ words: [String]) throws -> Pair<UInt64> {
    Pair(input: try number(words[1]), result: try number(words[2]))
  }

  private static func number(_ digits: String) throws -> UInt64 {
    try #require(UInt64(digits, radix: 16))
  }

  private static func read(path: String = #filePath) throws -> [UInt8] {
    let folder = path.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" }
    let file = "\(folder)/Vectors/vectors.txt"
    let stream = try #require(fopen(file, "r"), "\(file) can't be read")
    defer { fclose(stream) }
    var bytes: [UInt8] = []
    var byte = fgetc(stream)
    while byte != EOF {
      bytes.append(UInt8(truncatingIfNeeded: byte))
      byte = fgetc(stream)
    }
    return bytes
  }
}
