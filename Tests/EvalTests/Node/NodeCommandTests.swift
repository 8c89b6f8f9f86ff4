import Grapevine
import GrapevineCore
import GrapevineSharding
import Testing

@testable import EvalScenarios

@Suite struct NodeCommandTests {
  private func options(_ arguments: String...) throws -> NodeOptions {
    guard case .node(let options) = try Command(arguments: ["node"] + arguments) else {
      throw UsageError("something else was read")
    }
    return options
  }

  @Test func `no argument means a node alone on port 7000, named after host and port`() throws {
    let options = try options()
    #expect(options == NodeOptions())
    #expect(options.bind == ":7000")
    #expect(options.name == "\(ProcessIdentity.hostName)-7000")
    #expect(try self.options("--bind=[::1]:81").name == "\(ProcessIdentity.hostName)-81")
  }

  @Test func `a drawn port leaves the process's number for the name`() throws {
    let name = "\(ProcessIdentity.hostName)-\(ProcessIdentity.number)"
    #expect(try options("--bind=:0").name == name)
    #expect(try options("--bind", "127.0.0.1:0").name == name)
    #expect(try options("--bind=127.0.0.1:10").name.hasSuffix("-10"))
  }

  @Test func `every option puts its value into the options`() throws {
    var expected = NodeOptions()
    expected.bind = "[::1]:7001"
    expected.joins = ["a.example", "[::1]:7000", "::1", "10.0.0.7", "b:1"]
    expected.joinTimeout = .milliseconds(1_500)
    expected.advertise = "10.0.0.8"
    expected.givenName = "web 1"
    expected.label = "production"
    expected.interval = .milliseconds(200)
    expected.settings = [
      .init(key: "role", value: Array("web".utf8)),
      .init(key: "sum", value: Array("1 + 1 = 2".utf8)), .init(key: "empty", value: []),
    ]
    expected.state = .participant
    expected.isJSON = true
    let given = try options(
      "--bind",
      "[::1]:7001",
      "--join=a.example",
      "--join=[::1]:7000",
      "--join",
      "::1",
      "--join",
      "10.0.0.7",
      "--join=b:1",
      "--join-timeout=1.5s",
      "--advertise=10.0.0.8",
      "--name=web 1",
      "--label",
      "production",
      "--interval=200ms",
      "--set",
      "role=web",
      "--set=sum=1 + 1 = 2",
      "--set=empty=",
      "--state=participant",
      "--json"
    )
    #expect(given == expected)
    let configuration = given.configuration
    #expect(configuration.bind == "[::1]:7001" && configuration.advertise == "10.0.0.8")
    #expect(configuration.name == "web 1" && configuration.gossip.label == "production")
    #expect(configuration.gossip.interval == .milliseconds(200))
  }

  @Test(arguments: [
    ("--bnd=:1", "node has no option “--bnd” (did you mean --bind?)"),
    ("-v", "node has no option “-v”: eval node --help lists the options"),
    ("10.0.0.7", "node takes no word “10.0.0.7”: it must be an option, such as --join 10.0.0.7"),
    ("--bind=7000", "--bind is “7000”: it must be “:port”, “IPv4 address:port” or"),
    ("--bind=localhost:7000", "--bind is “localhost:7000”: it must be “:port”"),
    ("--bind=:70000", "--bind is “:70000”: it must be “:port”"),
    ("--bind", "--bind has no value: it must be --bind ADDRESS, “:port”"),
    ("--join=", "--join is “”: it must be an IPv4 address, an IPv6 address or a host name"),
    ("--join=a,b", "--join is “a,b”: it must be an IPv4 address"),
    ("--join=10.0.0.7:0", "with or without a port, one for each --join"),
    ("--join=1.2.3", "--join is “1.2.3”: it must be an IPv4 address"),
    ("--join-timeout=10", "--join-timeout is “10”: it must be a duration from 100ms to 24h"),
    ("--advertise=example.org", "it must be an IPv4 or IPv6 address that others can reach"),
    ("--name=", "--name is “”: it must be 1 to 255 bytes of UTF-8"),
    ("--label=", "--label is “”: it must be 1 to 255 bytes of UTF-8"),
    ("--interval=1", "--interval is “1”: it must be a duration from 10ms to 60min"),
    ("--interval=9ms", "it must be a duration from 10ms to 60min, such as 500ms or 2s"),
    ("--set=role", "--set is “role”: it must be KEY=VALUE, such as role=web"),
    ("--set==web", "--set is “=web”: it must be KEY=VALUE"),
    ("--set=grapevine:leaving=1", "that does not begin with grapevine:"),
    ("--state=terminating", "--state is “terminating”: it must be viewer or participant"),
    ("--json=out.json", "--json takes no value: it must stand alone"),
  ])
  func `a wrong argument is answered with what would be right`(argument: String, answer: String) {
    let failure = failure(["node", argument])
    #expect(failure?.contains(answer) == true, "\(failure ?? "taken")")
  }

  @Test func `what contradicts itself is refused`() {
    #expect(failure(["node", "--name=a", "--name=b"])?.contains("given twice") == true)
    #expect(failure(["node", "--name", "--json"])?.contains("--name has no value") == true)
    #expect(failure(["--json", "x", "node"]) == "node is no scenario: it must be the first word")
    #expect(failure(["nod"])?.contains("did you mean node?") == true)
    let long = failure(["node", "--set=\(String(repeating: "k", count: 1_025))=x"])
    #expect(long?.contains("1 to 1024 bytes") == true)
    #expect(long.map { $0.count < 300 } == true)
  }

  @Test func `the help lists every option, command and status within 80 columns`() throws {
    #expect(try Command(arguments: ["node", "--help"]) == .nodeHelp)
    #expect(try Command(arguments: ["-h", "node", "--bind", "x"]) == .nodeHelp)
    let text = NodeHelp.text
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    for option in NodeOption.all { #expect(text.contains("  \(option.name)")) }
    for (usage, _) in Instruction.usages { #expect(text.contains("  \(usage)")) }
    #expect(Help.text(nil).contains("eval node [OPTIONS]"))
  }

  @Test(arguments: ["--bind", "--join-timeout", "--interval", "--state"])
  func `the default that the help names is that of the options`(name: String) throws {
    let option = try #require(NodeOption.all.first { $0.name == name })
    var options = NodeOptions()
    #expect(option.take(&options, option.standard))
    #expect(options == NodeOptions())
  }
}
