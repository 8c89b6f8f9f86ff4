import Glibc
import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// Clocks that step, and clocks of machines that started years apart.
///
/// The processes have a wall clock of their own: in them the C library's functions that read it are
/// replaced, and nothing of the library is.
@Suite(.inTurn, .serialized, .timeLimit(.minutes(3))) struct ClockTests {
  private let interval = Duration.milliseconds(Environment.isFull ? 500 : 100)
  private static let year = 365 * 86_400 * 1_000

  @Test func `Steps of the wall clock change nothing for a node that runs`() async throws {
    let nodes = try await makeChildren(3, interval: interval)
    let start = MonotonicClock.now()
    try await nodes[0].ask("lease key 3000", answer: "version")
    for step in [Self.year, -2 * Self.year, 100 * Self.year, -90 * Self.year] {
      for node in nodes[..<2] {
        let before = WallClock.millisecondsSince1970()
        let wall = try await node.ask("step-wall \(step)", answer: "wall").words[1]
        let distance = Int(wall).map { $0 - Int(before) } ?? 0
        #expect(abs(distance) > Self.year / 2, "its clock was not set")
      }
      try await Task.sleep(for: interval * 5)
      let isEarly = MonotonicClock.now().since(start) < 2_900_000_000
      let value = try await nodes[2].ask("size a key", answer: "size").text
      if isEarly { #expect(value == "size 6") }
    }
    try await eventually("the lease ends by time that really passed") {
      nodes[2].first("event deleted a#", after: start) != nil
    }
    let end = try #require(nodes[2].first("event deleted a#", after: start))
    #expect(end.time.since(start) >= 3_000_000_000)
    try await agree(nodes)
    for node in nodes {
      // A machine that is busy may hold a process up for a moment, and no more.
      let pauses = node.lines.compactMap { $0.text.split(separator: "duration=").dropFirst().first }
      let seconds = pauses.compactMap { $0.split(separator: " ").first.flatMap { Double($0) } }
      #expect(seconds.allSatisfy { $0 < 60 } && seconds.count == pauses.count, "\(pauses)")
      #expect(node.first("event down", after: start) == nil, "\(transcripts(nodes))")
    }
  }

  /// A life's number is the time of its start, so clocks that step bring numbers out of order.
  @Test func `Each life of a name replaces the one before, whatever the clock says`() async throws {
    var nodes = try await makeChildren(3, interval: interval)
    let first = try await nodes[0].address()
    let clocks = [-20 * Self.year, 100 * Self.year, 0, -1_000]
    for clock in clocks {
      nodes[2].end()
      nodes[2] = try ChildNode("c", interval: interval, options: ["wall=\(clock)"])
      try await nodes[2].ask("join \(first)", answer: "joined a")
      try await agree(nodes)
    }
    for node in nodes[..<2] {
      let replacements = node.lines.filter { $0.text.hasPrefix("event replaced c#") }
      let lives = replacements.compactMap { line in
        line.words.last.flatMap { UInt64($0.dropFirst(2)) }
      }
      #expect(lives.count == clocks.count && lives == Array(Set(lives)).sorted())
      let story = node.story(of: "c").filter { $0 != "down" }
      #expect(story == ["joined"] + clocks.map { _ in "replaced" }, "\(transcripts(nodes))")
    }
  }

  /// No machine may compare its clock with another's: one has run for ten years, and one has just
  /// started, with less time behind it than the verdict that it is told is old.
  @Test(.enabled(if: NetworkLab.isWanted, "NAMESPACES=off"))
  func `Machines that started years apart agree when a member is forgotten`() async throws {
    let expiry = Duration.seconds(8)
    let old = Duration.seconds(10 * 365 * 86_400)
    let a = try start("a", uptimeOffset: old, expiry: expiry)
    let b = try start("b", uptimeOffset: .zero, expiry: expiry)
    let c = try start("c", uptimeOffset: .zero, expiry: expiry)
    try await gather([a, b, c], interval: interval)
    c.end()
    let down = try await b.event("down c#", after: .zero)
    try await Task.sleep(for: .seconds(2))
    let young = Duration.seconds(1) - .nanoseconds(MonotonicClock.now().nanoseconds)
    let d = try start("d", uptimeOffset: young, expiry: expiry)
    try await d.ask("join \(try await a.address())", answer: "joined a")
    for node in [a, b, d] {
      let expired = try await node.event("expired c#", after: .zero)
      let age = expired.time.since(down.time) / 1_000_000
      print("\(node.name): forgotten \(age) ms after the verdict")
      #expect((7_500...12_000).contains(age), "\(transcripts([a, b, d]))")
    }
    try await agree([a, b, d])
  }

  /// Starts a node in a process for which the machine started so much earlier, or later.
  private func start(
    _ name: String,
    uptimeOffset: Duration,
    expiry: Duration
  ) throws -> ChildNode {
    let seconds = uptimeOffset.components.seconds
    let users = getuid() == 0 ? [] : ["--user", "--map-root-user"]
    return try ChildNode(
      name,
      interval: interval,
      expiry: expiry,
      launcher: ["unshare"] + users + [
        "--time", "--boottime", "\(seconds)", "--monotonic", "\(seconds)", "--fork",
        "--kill-child",
      ],
      uptimeOffset: .seconds(seconds)
    )
  }
}
