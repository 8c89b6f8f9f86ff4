import GrapevineCore
import Testing

@testable import EvalScenarios

@Suite struct ReportTests {
  @Test func `percentiles are measured values of the nearest rank`() {
    let hundred = Percentiles((1...100).reversed().map(Double.init))
    #expect(hundred?.p50 == 50)
    #expect(hundred?.p95 == 95)
    #expect(hundred?.p99 == 99)
    #expect(hundred?.max == 100)
    let three = Percentiles([30, 10, 20])
    #expect(three?.p50 == 20)
    #expect(three?.p95 == 30)
    let one = Percentiles([7])
    #expect(one?.p50 == 7 && one?.max == 7)
    #expect(Percentiles([]) == nil)
  }

  @Test func `numbers are rounded to the digits asked for`() {
    #expect(NumberText.fixed(1.005, 2) == "1.00")
    #expect(NumberText.fixed(2.5, 0) == "3")
    #expect(NumberText.fixed(0.0625, 3) == "0.063")
    #expect(NumberText.fixed(-0.001, 2) == "0.00")
    #expect(NumberText.fixed(-1.25, 1) == "-1.3")
    #expect(NumberText.trimmed(1.5, 6) == "1.5")
    #expect(NumberText.trimmed(100, 6) == "100")
    #expect(NumberText.bytes(262_144) == "256.0 KiB")
  }

  @Test func `a table lines its columns up`() {
    var table = TextTable(header: ["ms", "p50", "max"])
    table.add(["until all hold it", "9.5", "1200"])
    table.add(["half", "-", ""])
    #expect(
      table.lines == [
        "ms                  p50    max",
        "until all hold it   9.5   1200",
        "half                  -",
      ]
    )
  }

  @Test func `text is broken between words`() {
    #expect(TextLayout.wrapped("one two  three four", 8) == ["one two", "three", "four"])
    #expect(TextLayout.wrapped("incomprehensible", 4) == ["incomprehensible"])
    #expect(TextLayout.wrapped("", 8).isEmpty)
    #expect(Measurement.notes([]).isEmpty)
    #expect(
      Measurement.notes(["a", "b", "c", "d", "e"]) == ["on the way: a; b; c; and 2 more"]
    )
  }

  @Test func `the plot climbs to all of them at its right end`() {
    let lines = SharePlot.lines((1...64).map { Double($0) * 10 }, of: 64)
    #expect(lines.count == 12)
    #expect(lines.allSatisfy { $0.count <= 80 })
    #expect(lines[0].hasSuffix("█"))
    #expect(lines[9].hasPrefix("     │ ") || lines[9].hasPrefix("     │▁"))
    #expect(lines[11].hasSuffix("640.0 ms"))
  }

  @Test func `what was never reached keeps the plot low`() {
    let lines = SharePlot.lines([1, 2], of: 4)
    #expect(!lines[0].contains("█"))
    #expect(lines[5].hasSuffix("█"))
    #expect(SharePlot.lines([], of: 4) == ["(nothing was reached)"])
    #expect(SharePlot.lines([0, 0], of: 2)[0].hasSuffix("█"))
  }

  @Test func `JSON keeps its order and escapes what it must`() {
    let value = JSON.object([
      ("scenario", .string("a\"b\\c\n\u{1}é")),
      ("nodes", .integer(64)),
      ("seed", .unsigned(.max)),
      ("loss", .number(0.25)),
      ("hops", .null),
      ("bad", .number(.nan)),
      ("propagation_ms", .percentiles(Percentiles([1.5]))),
    ])
    #expect(
      value.text == """
        {
          "scenario": "a\\"b\\\\c\\n\\u0001é",
          "nodes": 64,
          "seed": 18446744073709551615,
          "loss": 0.25,
          "hops": null,
          "bad": null,
          "propagation_ms": {"p50": 1.5, "p95": 1.5, "p99": 1.5, "max": 1.5}
        }
        """
    )
    #expect(JSON.percentiles(nil).text == "null")
  }

  @Test func `progress is silent for two seconds, then rewrites one line of a terminal`() {
    let screen = Screen()
    let progress = Progress(isTerminal: true, clock: { screen.now }, write: screen.write)
    progress.report("one")
    screen.now = Instant.zero + .milliseconds(1_999)
    progress.report("two")
    #expect(screen.text.isEmpty)
    screen.now = Instant.zero + .seconds(2)
    progress.report("three")
    screen.now = Instant.zero + .milliseconds(2_050)
    progress.report("four")
    #expect(screen.text == "\r\u{1B}[Kthree")
    progress.finish()
    progress.finish()
    #expect(screen.text == "\r\u{1B}[Kthree\r\u{1B}[K")
  }

  @Test func `progress that is no terminal's is a line now and then`() {
    let screen = Screen()
    let progress = Progress(isTerminal: false, clock: { screen.now }, write: screen.write)
    for second in 0...13 {
      screen.now = Instant.zero + .seconds(second)
      progress.report("at \(second)")
    }
    progress.finish()
    #expect(screen.text == "at 2\nat 12\n")
  }

  /// A clock and a screen that a test reads.
  private final class Screen {
    var now = Instant.zero
    var text = ""

    func write(_ text: String) {
      self.text += text
    }
  }
}
