import Glibc
import Grapevine
import GrapevineCore
import GrapevineEncryption
import GrapevineTransport

/// A node in a process of its own, for tests that stop, wake and kill it.
///
/// Its arguments are the name, the address to bind, in milliseconds the interval and the time for
/// which members that are down stay known, and any number of settings like `member-limit=100`. It
/// obeys the lines that come on standard input, and leaves no process behind: it ends with its
/// input. It prints one line for each thing that happens, which begins with the monotonic clock's
/// time.
@main
enum NodeProcess {
  static func main() async throws {
    let arguments = CommandLine.arguments
    let times = arguments.dropFirst(3).prefix(2).compactMap { Int($0) }
    guard times.count == 2 else {
      print("usage: \(arguments[0]) NAME ADDRESS INTERVAL EXPIRY [SETTING=VALUE]…")
      exit(2)
    }
    var configuration = Node.Configuration()
    configuration.name = arguments[1]
    configuration.bind = arguments[2]
    configuration.gossip.interval = .milliseconds(times[0])
    configuration.gossip.memberExpiry = .milliseconds(times[1])
    configuration.logSink = PrintingSink()
    for setting in arguments.dropFirst(5) { apply(setting, to: &configuration) }
    let node = try Node(configuration)
    defer { node.close() }
    node.watch(PrintingWatcher())
    say("address \(node.address)")
    while let line = readLine() {
      await obey(line.split(separator: " ").map(String.init), node)
    }
  }

  /// Applies a setting such as `member-limit=100`; an unknown one ends the process.
  private static func apply(_ setting: String, to configuration: inout Node.Configuration) {
    let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
    let number = parts.last.flatMap { Int($0) } ?? 0
    switch parts.first {
    case "stream-timeout": configuration.gossip.streamTimeout = .milliseconds(number)
    case "member-limit": configuration.gossip.memberLimit = number
    case "packet": configuration.gossip.maximumPacketSize = number
    case "seed":
      let seed = parts.last ?? ""
      configuration.seeds = { [seed] }
    case "interface": configuration.interfaces = parts.suffix(1)
    case "seed-interval": configuration.seedInterval = .milliseconds(number)
    #if Encryption
      case "key":
        let key = try? SealingKey(hexadecimal: parts.last ?? "")
        configuration.sealer = key.flatMap { try? Keyring($0) }
    #endif
    case "tcp-only": configuration.transport = .streams
    case "wall": WallClockShift.step(milliseconds: number)
    default:
      print("unknown setting \(setting)")
      exit(2)
    }
  }

  private static func obey(_ words: [String], _ node: Node) async {
    do {
      switch words.first {
      case "join":
        say("joined \(try await node.join(Array(words.dropFirst())).joined(separator: " "))")
      case "leave": say("left \(try await node.leave())")
      case "set" where words.count == 3:
        say("version \(try node.set(words[1], words[2]))")
      case "members":
        let live = node.memberSummaries.filter(\.isLive)
        say("members \(live.map { "\($0.id)" }.joined(separator: " "))")
      case "metrics":
        say("metrics \(metrics(of: node))")
      default:
        guard try !obeyQuestion(words, node), try !obeyFault(words, node) else { return }
        say("unknown \(words.joined(separator: " "))")
      }
    } catch {
      say("failed \(error)")
    }
  }

  private static func metrics(of node: Node) -> String {
    let metrics = node.counters
    return """
      accusations \(metrics.accusationsOut) verdicts \(metrics.verdictsOut) \
      pauses \(metrics.pauses) heartbeats \(metrics.heartbeatsOut) \
      suspicions \(metrics.suspicions) refutations \(metrics.refutations) \
      relayAnswers \(metrics.relayAnswers) streamAnswers \(metrics.streamAnswers) \
      streamsIn \(metrics.streamsIn) streamsOut \(metrics.streamsOut) \
      streamsFailed \(metrics.streamsFailed) streamFallbacks \(metrics.streamFallbacks) \
      streamBytesIn \(metrics.streamBytesIn)
      """
  }
}

/// Prints a line at once and as a whole, from any thread.
func say(_ text: String) {
  let line = Array("\(MonotonicClock.now().nanoseconds) \(text)\n".utf8)
  _ = line.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}

private struct PrintingWatcher: Watcher {
  func didJoin(_ member: MemberID) { say("event joined \(member)") }
  func didLeave(_ member: MemberID) { say("event left \(member)") }
  func didGoDown(_ member: MemberID) { say("event down \(member)") }
  func didComeUp(_ member: MemberID) { say("event up \(member)") }
  func didSet(_ entry: Entry, of member: MemberID) { say("event set \(member) \(entry.key)") }
  func didDelete(_ key: String, version: Version, of member: MemberID) {
    say("event deleted \(member) \(key)")
  }
  func didExpire(_ member: MemberID) { say("event expired \(member)") }
  func didReplace(_ old: MemberID, by new: MemberID) { say("event replaced \(old) \(new)") }
}

private struct PrintingSink: LogSink {
  var minimumLevel: LogLevel { .warning }
  func log(_ record: LogRecord) { say("log \(record)") }
}
