import Glibc
import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// How long the processes are stopped.
///
/// `FULL=1` runs the sizes that the defaults are made for, which take a minute and more.
private struct Scale {
  let interval: Duration
  /// Two intervals: too short for a verdict.
  var shortStop: Duration { interval * 2 }
  /// Sixty intervals: long enough for any verdict.
  var longStop: Duration { interval * 60 }
  /// Four intervals of the default: what a node that was stopped has to be up again.
  let recovery = Duration.seconds(2)

  static var current: Scale {
    Scale(interval: Environment.isFull ? .milliseconds(500) : .milliseconds(100))
  }
}

/// Processes that are stopped by a signal, as a debugger, a container's freezer or a swapping
/// machine stops them.
@Suite(.serialized, .alone, .timeLimit(.minutes(3))) struct PauseTests {
  private let scale = Scale.current

  @Test func `A process that stops briefly is not called down`() async throws {
    let nodes = try await makeChildren(4, interval: scale.interval)
    let start = try await stopBriefly(nodes[3])
    try await Task.sleep(for: scale.interval * 20)
    for node in nodes {
      #expect(node.first("event down", after: start) == nil, "\(transcripts(nodes))")
    }
  }

  @Test func `A process that stops for long is down, and up at once when it wakes`() async throws {
    let nodes = try await makeChildren(4, interval: scale.interval)
    let sleeper = nodes[3]
    let stop = MonotonicClock.now()
    sleeper.signal(SIGSTOP)
    for node in nodes[..<3] {
      try await eventually("\(node.name) says down", within: .seconds(30)) {
        node.first("event down d#", after: stop) != nil
      }
    }
    let rest = scale.longStop.wholeNanoseconds - MonotonicClock.now().since(stop)
    try await Task.sleep(for: .nanoseconds(rest))
    let wake = MonotonicClock.now()
    sleeper.signal(SIGCONT)
    for node in nodes[..<3] {
      try await eventually("\(node.name) says up") {
        node.first("event up d#", after: wake) != nil
      }
    }
    try await Task.sleep(for: scale.interval * 20)

    for node in nodes[..<3] {
      let down = try #require(node.first("event down d#", after: stop))
      let up = try #require(node.first("event up d#", after: wake))
      print("\(node.name): down \(milliseconds(stop, down)), up \(milliseconds(wake, up))")
      #expect(up.time.since(wake) <= scale.recovery.wholeNanoseconds)
      #expect(node.story(of: "d") == ["joined", "down", "up"])
    }
    // All that the sleeper did not hear was its own doing.
    #expect(try await sleeper.metric("accusations") == 0)
    #expect(try await sleeper.metric("verdicts") == 0)
    #expect(try await sleeper.metric("pauses") >= 1)
    for node in nodes {
      for other in nodes where other !== sleeper && other !== node {
        #expect(node.story(of: other.name) == ["joined"], "\(transcripts(nodes))")
      }
    }
  }

  @Test func `A process that wakes after it was forgotten is a member again`() async throws {
    let interval = Duration.milliseconds(100)
    let nodes = try await makeChildren(4, interval: interval, expiry: .seconds(1))
    let sleeper = nodes[3]
    let stop = MonotonicClock.now()
    sleeper.signal(SIGSTOP)
    for node in nodes[..<3] {
      try await eventually("\(node.name) forgets it", within: .seconds(30)) {
        node.first("event expired d#", after: stop) != nil
      }
    }
    sleeper.signal(SIGCONT)
    for node in nodes[..<3] {
      try await eventually("\(node.name) knows it again") {
        node.story(of: "d") == ["joined", "down", "expired", "joined"]
      }
    }
    try await Task.sleep(for: interval * 20)
    #expect(try await sleeper.metric("accusations") == 0)
    for node in nodes {
      #expect(try await node.ask("members", answer: "members").words.count == 5)
      for other in nodes where other !== sleeper && other !== node {
        #expect(node.story(of: other.name) == ["joined"], "\(transcripts(nodes))")
      }
    }
  }

  /// Stops a process for as long as `scale` says, and returns when that began.
  ///
  /// On a machine that is busy with others this process may sleep for longer than it asked to; the
  /// stop is then no brief one, and another is tried.
  private func stopBriefly(_ node: ChildNode) async throws -> Instant {
    for _ in 0..<5 {
      let start = MonotonicClock.now()
      node.signal(SIGSTOP)
      try await Task.sleep(for: scale.shortStop)
      node.signal(SIGCONT)
      let length = MonotonicClock.now().since(start)
      if length <= (scale.shortStop + scale.interval).wholeNanoseconds { return start }
      print("a stop of \(length / 1_000_000) ms: this machine is too busy for a brief one")
      try await Task.sleep(for: scale.interval * 30)
    }
    Issue.record("no stop was a brief one")
    throw TimeIsUp()
  }

  private func milliseconds(_ start: Instant, _ line: ChildNode.Line) -> String {
    "\(line.time.since(start) / 1_000_000) ms"
  }
}

/// Processes that end without a word.
@Suite(.serialized, .alone, .timeLimit(.minutes(2))) struct KillTests {
  private let interval = Duration.milliseconds(100)

  @Test func `A process that is killed is down`() async throws {
    let nodes = try await makeChildren(3, interval: interval)
    let kill = MonotonicClock.now()
    nodes[2].signal(SIGKILL)
    for node in nodes[..<2] {
      try await eventually("\(node.name) says down") {
        node.first("event down c#", after: kill) != nil
      }
      #expect(node.story(of: "c") == ["joined", "down"])
    }
  }

  @Test(arguments: [true, false], [true, false])
  func `A process that is killed and started again is replaced once`(
    isDownFirst: Bool,
    hasSameAddress: Bool
  ) async throws {
    // On an address of its own no other test takes the port while it is free.
    let bind = "127.0.0.8:0"
    let nodes = try await makeChildren(3, bind: bind, interval: interval)
    let killed = MonotonicClock.now()
    nodes[2].signal(SIGKILL)
    if isDownFirst {
      for node in nodes[..<2] {
        try await eventually("\(node.name) says down") {
          node.first("event down c#", after: killed) != nil
        }
      }
    }
    let address = hasSameAddress ? try await nodes[2].address() : bind
    let next = try ChildNode("c", bind: address, interval: interval)
    try await next.ask("join \(try await nodes[0].address())", answer: "joined a")
    for node in nodes[..<2] {
      try await eventually("\(node.name) knows the new life") {
        node.first("event replaced c#", after: killed) != nil
      }
    }
    try await Task.sleep(for: interval * 20)
    for node in nodes[..<2] {
      let expected: [Substring] =
        isDownFirst
        ? ["joined", "down", "replaced"]
        : ["joined", "replaced"]
      #expect(node.story(of: "c") == expected, "\(transcripts(nodes))")
      #expect(try await node.ask("members", answer: "members").words.count == 4)
    }
  }
}
