import Glibc
import Pacing
import Testing

@testable import EvalScenarios

/// `eval node` as it is used: real processes on the loopback, typed at, killed and started again.
@Suite(.inTurn, .serialized, .timeLimit(.minutes(2))) struct NodeLoopbackTests {
  private func first() async throws -> (NodeTerminal, String) {
    let node = try NodeTerminal(
      "--bind=127.0.0.1:0",
      "--name=web-1",
      "--interval=50ms",
      "--set=role=web"
    )
    return (node, try await node.address())
  }

  private func second(
    joining address: String,
    bind: String = "127.0.0.1:0",
    input: NodeTerminal.Input = .typed,
    json: Bool = false
  ) async throws -> NodeTerminal {
    let style = json ? ["--json"] : []
    let node = try NodeTerminal(
      ["--bind", bind, "--name", "web-2", "--interval=50ms", "--join", address] + style,
      input: input
    )
    if !json { try await node.line("connected through web-1") }
    return node
  }

  @Test func `two terminals see what is typed at either`() async throws {
    let (one, address) = try await first()
    let two = try await second(joining: address)
    try await two.line("set web-1 role = web")
    try await one.line("joined web-2 at 127.0.0.1:")
    one.type("set greeting hello  you")
    try await two.line("set web-1 greeting = hello you")
    #expect(two.output.contains("greeting = hello  you"), "\(two.transcript)")
    one.type("delete role")
    try await one.line("deleted web-1 role")
    try await two.line("deleted web-1 role")
    two.type("show web-1")
    try await two.line("show web-1 at \(address), live, viewer, version 3")
    try await two.line("greeting hello you 2")
    two.type("show web-1 greeting")
    try await two.line("show web-1 greeting = hello you")
    two.type("members")
    try await two.line("members 2 known, 2 live")
    try await two.line("NAME ADDRESS STATE PART KEYS VERSION HEARD")
    let row = try await two.line("web-1 \(address) live viewer 1 3 ")
    #expect(row.hasSuffix(" s ago"))
    #expect(try await two.line("web-2 127.0.0.1:").hasSuffix(" live viewer 0 0 self"))
    two.type("metrics")
    try await two.line("COUNTER VALUE")
    try await two.line("packetsIn ")
    two.type("leave")
    try await two.line("gone 1 of 1 member told took note")
    try await one.line("left web-2")
    #expect(try await two.status() == 0)
    one.signal(SIGTERM)
    try await one.line("stopping on SIGTERM")
    try await one.line("gone there was nobody to tell")
    #expect(try await one.status() == 0)
    #expect(one.errors.isEmpty && two.errors.isEmpty)
  }

  @Test func `a killed node is told as down, and its next life as restarted`() async throws {
    let (one, address) = try await first()
    // No other test takes the port of this address while it is free.
    let two = try await second(joining: address, bind: "127.0.0.22:7000")
    try await one.line("joined web-2 at 127.0.0.22:7000")
    two.type("set life first")
    try await one.line("set web-2 life = first")
    two.signal(SIGKILL)
    #expect(try await two.status() == 256 + SIGKILL)
    let down = try await one.line("DOWN web-2 (crashed, ")
    #expect(down.hasSuffix(" s after it was last heard of)"))
    one.type("members")
    try await one.line("members 2 known, 1 live")
    try await one.line("web-2 127.0.0.22:7000 down viewer 1 1 ")
    let next = try await second(joining: address, bind: "127.0.0.22:7000")
    try await one.line("restarted web-2 at 127.0.0.22:7000, a new life of that name")
    try await next.line("set web-1 role = web")
    // Without a word to the seed it is found again by those that it left.
    one.signal(SIGKILL)
    try await next.line("DOWN web-1")
    let again = try NodeTerminal("--bind=\(address)", "--name=web-1", "--interval=50ms")
    try await next.line("restarted web-1 at \(address)")
    try await again.line("joined web-2")
  }

  @Test func `what is typed wrongly is answered by what would be right`() async throws {
    let (one, _) = try await first()
    one.type("mebers")
    try await one.line("error there is no command “mebers” (did you mean members?): the commands")
    one.type("show web-l")
    try await one.line("error there is no member “web-l” (did you mean web-1?)")
    one.type("show web-1 rule")
    try await one.line("error “web-1” has no key “rule” (did you mean role?)")
    one.type("delete rule")
    try await one.line("error this node has no key “rule”")
    one.type("set \(String(repeating: "k", count: 2_000)) x")
    try await one.line("error “kkk")
    one.type([UInt8](repeating: UInt8(ascii: "x"), count: InputLines.limit + 1))
    one.type("")
    try await one.line("error a line must have at most 4194304 bytes")
    one.type("help")
    try await one.line("set KEY VALUE")
    one.type("exit")
    #expect(try await one.status() == 0)
  }
}

// How it ends.
extension NodeLoopbackTests {
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func `a signal lets it leave, and a second one ends it at once`(signal: CInt) async throws {
    let (one, address) = try await first()
    let two = try await second(joining: address)
    try await one.line("joined web-2")
    // Stopped, the other one does not take note, so leaving lasts.
    two.stop()
    one.signal(signal)
    try await one.line("stopping on \(StopSignals.name(signal))")
    one.signal(signal)
    #expect(try await one.status() == 128 + signal, "\(one.transcript)")
    #expect(!one.output.contains("gone"))
  }

  @Test func `nobody who takes note keeps it from leaving`() async throws {
    let (one, address) = try await first()
    let two = try await second(joining: address)
    try await one.line("joined web-2")
    two.stop()
    one.type("leave")
    try await one.line("gone none of the members told took note within 5s")
    #expect(try await one.status() == 0)
  }

  @Test(arguments: [NodeTerminal.Input.empty, .closed])
  func `without standard input it goes on, and takes no time`(
    input: NodeTerminal.Input
  ) async throws {
    let (one, address) = try await first()
    let two = try await second(joining: address, input: input)
    try await one.line("joined web-2")
    // Where it was closed, no socket may have its place.
    #expect(two.firstFile == "/dev/null")
    let before = two.processorTime
    try await Task.sleep(for: .seconds(1))
    #expect(two.processorTime - before < .milliseconds(300))
    one.type("set after that")
    try await two.line("set web-1 after = that")
    two.signal(SIGINT)
    #expect(try await two.status() == 0)
    try await one.line("left web-2")
  }

  @Test func `the end of who reads its output lets it leave`() async throws {
    let (one, address) = try await first()
    let two = try NodeTerminal(
      "--bind=127.0.0.1:0",
      "--name=web-2",
      "--interval=50ms",
      "--join=\(address)",
      reader: .firstLine
    )
    #expect(try await two.status() == 0, "\(two.transcript)")
    #expect(two.errors.isEmpty)
    #expect(!one.lines.contains { $0.hasPrefix("DOWN") })
  }

  @Test func `an output that nobody reads does not keep it from leaving`() async throws {
    let one = try NodeTerminal("--bind=127.0.0.1:0", reader: .nobody)
    one.type(String(repeating: "help\n", count: 1_000))
    // Its pipe takes no more than 64 KiB, and what it is to say is ten times that.
    while one.unreadSize < 40_000 { try await Task.sleep(for: .milliseconds(10)) }
    one.signal(SIGTERM)
    #expect(try await one.status() == 0)
  }
}

/// The one of two whose process ends first.
private func firstToEnd(_ one: NodeTerminal, _ other: NodeTerminal) async throws -> NodeTerminal {
  while true {
    if one.hasEnded { return one }
    if other.hasEnded { return other }
    try await Task.sleep(for: .milliseconds(10))
  }
}

// How it begins.
extension NodeLoopbackTests {
  @Test func `a port that another has ends it with a word on that`() async throws {
    let (one, address) = try await first()
    let two = try NodeTerminal("--bind", address)
    #expect(try await two.status() == 1)
    #expect(one.errors.isEmpty)
    #expect(two.errors.contains("\(address)"), "\(two.errors)")
    #expect(two.errors.contains("another process has that port: --bind :0"), "\(two.errors)")
  }

  @Test func `wrong arguments end it before it is a node`() async throws {
    for (argument, answer) in [
      ("--bnd=:1", "did you mean --bind?"), ("--set=grapevine:x=1", "--set"),
    ] {
      let node = try NodeTerminal(argument)
      #expect(try await node.status() == 2, "\(node.transcript)")
      #expect(node.errors.contains(answer), "\(node.errors)")
      #expect(node.output.isEmpty)
    }
  }

  @Test func `nobody to join ends it with the reasons`() async throws {
    let node = try NodeTerminal(
      "--bind=127.0.0.23:7000",
      "--join=127.0.0.24",
      "--join=127.0.0.24:7001",
      "--join-timeout=700ms"
    )
    try await node.line("waiting 127.0.0.24")
    #expect(try await node.status() == 1)
    #expect(node.errors.contains("eval: nobody could be joined within 700ms:"), "\(node.errors)")
    #expect(node.errors.contains("\n  127.0.0.24 (127.0.0.24:7000): nobody listens there"))
    #expect(node.errors.contains("\n  127.0.0.24:7001: nobody listens there"))
  }

  @Test func `one that comes before those it is to join waits for them`() async throws {
    let two = try NodeTerminal(
      "--bind=127.0.0.25:7001",
      "--join=127.0.0.25:7000",
      "--interval=50ms"
    )
    try await two.line("waiting 127.0.0.25:7000: nobody listens there; tried again until 10s")
    let one = try NodeTerminal("--bind=127.0.0.25:7000", "--name=late", "--interval=50ms")
    try await two.line("connected through late")
    two.type("leave")
    try await one.line("left \(ProcessIdentity.hostName)-7001")
  }

  @Test func `it can be told to leave while it waits`() async throws {
    let two = try NodeTerminal("--bind=127.0.0.26:7001", "--join=127.0.0.26:7000")
    try await two.line("waiting")
    two.signal(SIGTERM)
    #expect(try await two.status() == 0)
    #expect(two.errors.isEmpty)
  }

  @Test func `of two with one name one goes on, and the other says why it ends`() async throws {
    let (one, address) = try await first()
    let two = try await second(joining: address)
    let other = try NodeTerminal(
      "--bind=127.0.0.1:0",
      "--name=web-1",
      "--interval=50ms",
      "--join=\(try await two.address())"
    )
    let loser = try await firstToEnd(one, other)
    #expect(try await loser.status() == 1)
    #expect(loser.errors.contains("goes by this node's name"), "\(loser.transcript)")
    let winner = loser === one ? other : one
    winner.type("set still here")
    try await two.line("set web-1 still = here")
  }

  @Test func `a participant says so from the start`() async throws {
    let node = try NodeTerminal("--bind=[::1]:0", "--name=own er", "--state=participant")
    try await node.line("started \"own er\" at [::1]:")
    node.type("show \"own er\"")
    try await node.line("show \"own er\" at [::1]:")
    #expect(node.lines.contains { $0.contains("live, participant, version") }, "\(node.transcript)")
  }
}
