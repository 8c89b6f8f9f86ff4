import Testing

@testable import EvalScenarios

@Suite struct ValueTextTests {
  @Test(arguments: [
    ("500ms", Duration.milliseconds(500)), ("2s", .seconds(2)), ("1.5s", .milliseconds(1_500)),
    ("0ms", .zero), ("250us", .microseconds(250)), ("2min", .seconds(120)),
    ("0.001ms", .microseconds(1)), ("24h", .seconds(86_400)),
  ])
  func `a duration is a number and a unit`(text: String, duration: Duration) {
    #expect(ValueText.duration(text) == duration)
  }

  @Test(arguments: ["", "ms", "5", "5 ms", "-5ms", "5d", "1e3ms", "infs", "nans", "1.2.3s", "٥ms"])
  func `what is no duration is refused`(text: String) {
    #expect(ValueText.duration(text) == nil)
  }

  @Test func `a range has two ends in order, or one`() {
    #expect(ValueText.durations("1ms..5ms") == .milliseconds(1) ... .milliseconds(5))
    #expect(ValueText.durations("3ms") == .milliseconds(3) ... .milliseconds(3))
    for text in ["5ms..1ms", "..5ms", "1ms..", "1ms..2ms..3ms", "1..5ms", ""] {
      #expect(ValueText.durations(text) == nil)
    }
  }

  @Test func `durations are printed as they are read`() {
    for text in ["500ms", "2s", "1500ms", "2min", "24h", "0ms", "0.25ms", "1ms..5ms"] {
      #expect(ValueText.durations(text).map { ValueText.text($0) } == text)
    }
  }

  @Test func `sizes and counts take only digits and a unit`() {
    #expect(ValueText.size("4096") == 4_096)
    #expect(ValueText.size("64KiB") == 65_536)
    #expect(ValueText.size("1MiB") == 1_048_576)
    #expect(ValueText.size("99999999999999MiB") == nil)
    #expect(ValueText.size("1MB") == nil)
    #expect(ValueText.count("10_000") == 10_000)
    #expect(ValueText.count("+5") == nil)
    #expect(ValueText.count("") == nil)
    #expect(ValueText.seed("0xFFFFFFFFFFFFFFFF") == .max)
    #expect(ValueText.seed("-1") == nil)
  }

  @Test func `the nearest word is suggested, and none that is far`() {
    #expect(Suggestion.distance("kitten", "sitting") == 3)
    #expect(Suggestion.distance("", "abc") == 3)
    #expect(Suggestion.nearest(to: "synk", among: Scenario.allNames) == "sync")
    #expect(Suggestion.nearest(to: "boot", among: Scenario.allNames) == "bootstrap")
    #expect(Suggestion.nearest(to: "xyzzy", among: Scenario.allNames) == nil)
  }
}
