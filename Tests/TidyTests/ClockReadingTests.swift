import Pacing
import Testing

/// The clock on the wall may step either way at any moment: so it numbers the lives of a name, and
/// time is measured by another.
@Suite(.computing) struct `The wall clock` {
  /// Ways to read it, or to wait by it.
  private static let ways = [
    "CLOCK_REALTIME", "gettimeofday", "time(nil", "SystemClock", "WallClock.",
  ]

  @Test func `is read in one place, for one purpose`() {
    var places: [String] = []
    for file in SourceTree.swiftFiles(under: "Sources") {
      for line in file.codeLines {
        for way in Self.ways where Self.names(way, in: String(line)) {
          places.append("\(file.path): \(way)")
        }
      }
    }
    #expect(
      places.sorted() == [
        "Sources/Grapevine/Node.swift: WallClock.",
        "Sources/GrapevineTransport/MonotonicClock.swift: CLOCK_REALTIME",
      ]
    )
  }

  /// Says whether `text` stands in the line by itself, not as the end of a longer word.
  private static func names(_ text: String, in line: String) -> Bool {
    line.ranges(of: text).contains { range in
      guard range.lowerBound > line.startIndex else { return true }
      let before = line[line.index(before: range.lowerBound)]
      return !(before.isLetter || before.isNumber || before == "_" || before == ".")
    }
  }
}
