import FoundationEssentials
import Glibc
import Pacing
import Testing

@testable import EvalScenarios

/// What `eval node --json` prints, read by a program.
@Suite(.inTurn, .serialized, .timeLimit(.minutes(2))) struct NodeJSONLoopbackTests {
  /// A line, of which each kind has some of these.
  private struct Told: Decodable {
    let time: Double
    let event: String
    let name: String?
    let generation: UInt64?
    let former_generation: UInt64?
    let address: String?
    let silence: Double?
    let key: String?
    let value: String?
    let base64: String?
    let version: UInt64?
    let through: [String]?
    let members: [Member]?
    let entries: [Entry]?
    let packetsIn: Int?
    let drops: [String: Int]?
    let error: String?
    let commands: [String]?
    let signal: String?
    let asked: [String]?
    let acknowledged: [String]?

    struct Member: Decodable {
      let name: String
      let address: String
      let state: String
      let part: String
      let keys: Int
      let version: UInt64
      let `self`: Bool
      let heard: Double?
    }

    struct Entry: Decodable {
      let key: String
      let value: String?
      let base64: String?
      let version: UInt64
    }
  }

  /// Every line as an object, which none may fail to be.
  private func told(by node: NodeTerminal) throws -> [Told] {
    let text = node.output
    #expect(text.hasSuffix("\n"))
    return try text.split(separator: "\n").map {
      try JSONDecoder().decode(Told.self, from: Data($0.utf8))
    }
  }

  private func start(_ more: String...) throws -> NodeTerminal {
    try NodeTerminal(["--bind=127.0.0.1:0", "--interval=50ms", "--json"] + more)
  }

  private func address(of node: NodeTerminal) async throws -> String {
    try await node.line(#"{"time": "#)
    return try #require(try told(by: node)[0].address)
  }

  /// Waits for a line with `text` in it.
  private func wait(_ node: NodeTerminal, _ text: String) async throws {
    try await node.line(containing: text)
  }

  @Test func `every line is an object, from the start to the end`() async throws {
    let one = try start("--name=web-1", "--set=role=web", "--label=a \"b\"")
    let address = try await address(of: one)
    let two = try start("--name=web-2", "--join=\(address)", "--label=a \"b\"")
    try await wait(two, #""event": "connected""#)
    try await wait(one, #""name": "web-2""#)
    // It has joined by stream; its packets come later.
    while !one.output.contains(/"heard": [0-9]/) {
      one.type("members")
      try await Task.sleep(for: .milliseconds(20))
    }
    for line in ["show web-1", "metrics", "help", "nonsense \"", "delete role"] {
      one.type(line)
    }
    try await wait(two, #""event": "deleted""#)
    two.signal(SIGINT)
    #expect(try await two.status() == 0)
    try await wait(one, #""event": "left""#)
    one.signal(SIGTERM)
    #expect(try await one.status() == 0)
    try await wait(one, #""event": "gone""#)

    let first = try told(by: one)
    #expect(first[0].event == "started" && first[0].name == "web-1")
    #expect(zip(first, first.dropFirst()).allSatisfy { $0.time <= $1.time })
    let events = Set(first.map(\.event))
    let all: Set = [
      "started", "joined", "members", "show", "metrics", "help", "error", "deleted", "left",
      "stopping", "gone",
    ]
    #expect(events == all)
    let members = try #require(first.last { $0.event == "members" }?.members)
    #expect(members.map(\.name) == ["web-1", "web-2"])
    #expect(members.map(\.`self`) == [true, false])
    #expect(members[0].heard == nil && members[1].heard != nil)
    #expect(members[0].address == address && members[0].keys == 1)
    let shown = try #require(first.first { $0.event == "show" }?.entries)
    #expect(shown.map(\.key) == ["role"] && shown[0].value == "web")
    let metrics = try #require(first.first { $0.event == "metrics" })
    #expect(try #require(metrics.packetsIn) > 0 && metrics.drops?["tooShort"] == 0)
    #expect(first.first { $0.event == "error" }?.error?.contains("no command “nonsense”") == true)
    #expect(first.first { $0.event == "stopping" }?.signal == "SIGTERM")
    let second = try told(by: two)
    #expect(second.first { $0.event == "connected" }?.through == ["web-1"])
    #expect(second.last?.acknowledged == ["web-1"])
  }

  @Test func `whom it told in vain is told, and no time that was not waited for`() async throws {
    // Nobody is to find out before that the other one is gone.
    let options = ["--bind=127.0.0.1:0", "--interval=10s"]
    let one = try NodeTerminal(options + ["--json", "--name=web-1"])
    let address = try await address(of: one)
    let two = try NodeTerminal(options + ["--name=web-2", "--join=\(address)"])
    let three = try NodeTerminal(options + ["--name=web-3", "--join=\(address)"])
    try await wait(one, #""name": "web-2""#)
    try await wait(one, #""name": "web-3""#)
    try await three.line("joined web-2")
    two.signal(SIGKILL)
    _ = try await two.status()
    three.type("leave")
    try await three.line("gone 1 of 2 members told took note")
    try await wait(one, #""event": "left""#)
    one.type("leave")
    #expect(try await one.status() == 0)
    let last = try #require(try told(by: one).last)
    #expect(last.event == "gone" && last.asked == ["web-2"] && last.acknowledged == [])
  }

  @Test func `a crash and a new life are told with their numbers`() async throws {
    let one = try start("--name=web-1")
    let address = try await address(of: one)
    let two = try start("--name=web-2", "--join=\(address)")
    // A packet of its own, as the stream by which it joined does not count as heard.
    try await wait(two, #""event": "connected""#)
    two.type("set life first")
    try await wait(one, #""value": "first""#)
    two.signal(SIGKILL)
    try await wait(one, #""event": "down""#)
    let next = try start("--name=web-2", "--join=\(address)", "--set=life=second")
    try await wait(one, #""value": "second""#)
    let lines = try told(by: one)
    #expect(lines.map(\.event) == ["started", "joined", "set", "down", "restarted", "set"])
    #expect(try #require(lines[3].silence) > 0)
    #expect(lines[4].former_generation == lines[1].generation)
    #expect(try #require(lines[4].generation) > lines[1].generation ?? .max)
    #expect(lines[4].address == (try await self.address(of: next)))
  }

  @Test(arguments: [
    ("set k plain", [UInt8]("plain".utf8)), ("set k \"\"", []),
    (#"set k "a\n\t\"\\\x41\u{e9}""#, [UInt8]("a\n\t\"\\Aé".utf8)),
    ("set k é\u{2028}🐘", [UInt8]("é\u{2028}🐘".utf8)),
    (#"set k "\x00\x1f\x7f""#, [0, 0x1F, 0x7F]), (#"set k "\xff""#, [0xFF]),
    (#"set k "\xc3\x28\x00""#, [0xC3, 0x28, 0]),
    (#"set k "\xed\xa0\x80!""#, [0xED, 0xA0, 0x80, 33]),
  ])
  func `any bytes come through`(line: String, bytes: [UInt8]) async throws {
    let one = try start("--name=web-1")
    let two = try start("--name=web-2", "--join=\(try await address(of: one))")
    try await wait(two, #""event": "connected""#)
    one.type(line)
    for node in [one, two] {
      try await wait(node, #""event": "set""#)
      let set = try #require(try told(by: node).first { $0.event == "set" })
      if let value = set.value {
        #expect(Array(value.utf8) == bytes)
      } else {
        let data = try #require(set.base64.flatMap { Data(base64Encoded: $0) })
        #expect(Array(data) == bytes)
        #expect(String(validating: bytes, as: UTF8.self) == nil)
      }
    }
  }
}
