import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

@testable import EvalScenarios

/// The page, from a small cluster with invented figures of real sockets.
@Suite(.computing, .timeLimit(.minutes(15))) struct PageTests {
  private static let names = [
    "share", "completion", "spread-by-size", "spread-by-loss", "detection", "trade",
    "detection-by-size", "detection-by-loss", "traffic", "memory",
  ]

  /// What stands for the processes and sockets that a test does not start.
  private static func invented(
    _ options: Options,
    _ progress: EvalScenarios.Progress
  ) throws(EvaluationError) -> Outcome {
    var outcome = Outcome()
    outcome.figures = [("rss_bytes_per_node", .number(Double(options.nodes) * 1_024))]
    var reach = ReachTimes()
    reach.add([.milliseconds(1), .milliseconds(3)])
    outcome.reach = reach
    return outcome
  }

  /// A page with one of the sizes, of which several tests look at what they are for.
  private static let usual = Result { try made(nodes: 16, runs: 3) }

  private static func made(
    seed: UInt64 = 1,
    nodes: Int,
    runs: Int = 1,
    real: Report.Real = PageTests.invented
  ) throws -> (page: String, outcome: Outcome) {
    let folder = try TemporaryFolder()
    var options = Options(scenario: .report)
    options.pagePath = "\(folder.path)/page.html"
    options.givenNodes = nodes
    options.givenRuns = runs
    options.seed = seed
    let measurement = Measurement(
      options: options,
      progress: Progress(isTerminal: false, write: { _ in })
    )
    let outcome = try Report.run(measurement, rest: real, spread: real)
    return (try readFile(options.pagePath), outcome)
  }

  /// The page without what tells of where and when it was made.
  private func body(_ page: String) -> String {
    page.split(separator: "\n").filter { !$0.hasPrefix("<dt>") }.joined(separator: "\n")
  }

  @Test func `it is well-formed, refers to nothing outside, and has each plot`() throws {
    let (page, outcome) = try Self.usual.get()
    #expect(outcome.failures.isEmpty, "\(outcome.failures)")
    #expect(Markup.complaint(page) == nil)
    for word in ["http", "<script", "src=", "url(", "@import", "<link"] {
      #expect(!page.contains(word), "\(word)")
    }
    for name in Self.names {
      #expect(page.contains("<figure id=\"\(name)\">"), "\(name)")
      #expect(page.contains("<title id=\"\(name)-title\">"), "\(name)")
      #expect(page.contains("<desc id=\"\(name)-text\">"), "\(name)")
    }
    let figures = Markup.parts(page, between: "<figure", and: "</figure>")
    #expect(figures.count == Self.names.count)
    for figure in figures {
      for part in ["<h3>", "class=\"name\"", "class=\"legend\"", "<pre>swift run -c release eval "]
      {
        #expect(figure.contains(part), "\(part)")
      }
    }
    #expect(page.contains(Anchor.source))
    #expect(page.contains("<dt>seed</dt><dd>1</dd>") && page.contains("<dt>kernel</dt>"))
    #expect(page.contains("prefers-color-scheme: dark") && page.contains("@media print"))
  }

  @Test func `each mark of the page has a figure behind it`() throws {
    let (page, outcome) = try Self.usual.get()
    guard case .array(let rows)? = outcome.figures.first(where: { $0.name == "losses" })?.value
    else {
      Issue.record("no losses in \(outcome.figures)")
      return
    }
    let figure = try #require(
      Markup.parts(page, between: "<figure id=\"spread-by-loss\"", and: "</figure>").first
    )
    for (row, name) in rows.flatMap({ [($0, "p50"), ($0, "p99")] }) {
      guard case .number(let loss)? = row.member("loss"),
        case .number(let time)? = row.member("propagation_ms")?.member(name)
      else {
        Issue.record("no \(name) in \(row.text)")
        continue
      }
      let told =
        "Grapevine, \(name) · % of the packets lost: \(PageText.number(loss * 100)) · "
        + "ms until all hold it: "
      #expect(figure.contains("\(told)\(PageText.number(time))</title>"), "\(row.text)")
    }
    // 16 KiB of 16 invented nodes.
    #expect(page.contains("Grapevine · nodes: 16 · KiB of a node: 16</title>"))
    #expect(page.contains("kite (100 ms) · nodes: 64 · bytes/s of a node: 29,583</title>"))
  }

  @Test func `the same seed gives the same page but for its head, another seed another`() throws {
    let first = try Self.made(nodes: 4)
    #expect(body(try Self.made(nodes: 4).page) == body(first.page))
    #expect(body(try Self.made(seed: 2, nodes: 4).page) != body(first.page))
  }

  @Test func `what can't be measured is told on the page, which has all else`() throws {
    let (page, outcome) = try Self.made(nodes: 16) { _, _ throws(EvaluationError) in
      throw EvaluationError("no sockets <here>")
    }
    #expect(outcome.failures.count == 2)
    #expect(page.contains("no sockets &lt;here&gt;"))
    #expect(Markup.complaint(page) == nil)
    #expect(Markup.parts(page, between: "<figure", and: "</figure>").count == Self.names.count)
  }

  @Test func `a cluster smaller than every size has a page all the same`() throws {
    let (page, outcome) = try Self.made(nodes: 4)
    #expect(outcome.failures.isEmpty)
    #expect(Markup.complaint(page) == nil)
  }

  @Test func `a page that can't be written is told before anything is measured`() {
    var options = Options(scenario: .report)
    options.pagePath = "/nowhere/page.html"
    let measurement = Measurement(
      options: options,
      progress: Progress(isTerminal: false, write: { _ in })
    )
    #expect(throws: EvaluationError.self) {
      try Report.run(
        measurement,
        rest: { _, _ throws(EvaluationError) in
          Issue.record("something was measured")
          return Outcome()
        },
        spread: Self.invented
      )
    }
  }

  @Test func `every style differs from every other in its colour, its dash and its mark`() {
    let systems = System.allCases.map { Plot.Style.of($0) }
    #expect(Set(systems.map(\.colour)).count == systems.count)
    #expect(Set(systems.map(\.mark)).count == systems.count)
    #expect(systems.allSatisfy { $0.colour != Plot.Style.ours().colour && !$0.isOurs })
    let ours = (0..<5).map { Plot.Style.ours($0) }
    #expect(Set(ours.map(\.colour)).count == 5 && Set(ours.map(\.dash)).count == 5)
  }

  @Test func `a moment is written in UTC`() {
    #expect(MachineText.date(0) == "1970-01-01 00:00 UTC")
    #expect(MachineText.date(1_795_300_265) == "2026-11-21 22:31 UTC")
  }
}

/// A reader of just as much markup as the page has.
private enum Markup {
  /// What is wrong with the page's tags; nil if each is closed in turn.
  static func complaint(_ page: String) -> String? {
    var open: [Substring] = []
    var rest = page[...]
    while let begin = rest.firstIndex(of: "<") {
      if rest[..<begin].contains(">") && open.last != "style" { return "> in a text" }
      guard let end = rest[begin...].firstIndex(of: ">") else { return "an open tag" }
      let tag = rest[rest.index(after: begin)..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("!") { continue }
      if tag.contains("<") { return "< in \(tag)" }
      if tag.count(where: { $0 == "\"" }) % 2 == 1 { return "an open quote in \(tag)" }
      let name = tag.drop { $0 == "/" }.prefix { $0 != " " && $0 != "/" }
      if tag.hasPrefix("/") {
        guard open.popLast() == name else { return "\(name) closes what is not open" }
      } else if !tag.hasSuffix("/") {
        open.append(name)
      }
    }
    return open.isEmpty ? nil : "open at the end: \(open)"
  }

  static func parts(_ page: String, between begin: String, and end: String) -> [String] {
    var parts: [String] = []
    var current: [Substring]?
    for line in page.split(separator: "\n") {
      if line.contains(begin) { current = [] }
      current?.append(line)
      if line.contains(end), let lines = current {
        parts.append(lines.joined(separator: "\n"))
        current = nil
      }
    }
    return parts
  }
}
