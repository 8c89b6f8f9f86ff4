import Glibc
import Grapevine
import GrapevineTransport
import Testing

/// A node in a process of its own: what was built from `Tests/Support/NodeProcess`.
///
/// The process is killed when nobody holds this any more.
final class ChildNode: Sendable {
  /// A line that the process printed.
  struct Line: Sendable, CustomStringConvertible {
    /// When it was printed, by the clock that all processes share.
    let time: Instant
    let words: [Substring]

    var text: String { words.joined(separator: " ") }
    var description: String { "\(time.nanoseconds / 1_000_000) ms: \(text)" }
  }

  let name: String
  private let process: pid_t
  private let socket: CInt
  private let output: Locked<[Line]>
  private let hasEnded: Locked<Bool>

  /// Starts the process, with settings as `NodeProcess` takes them, such as `member-limit=100`.
  init(
    _ name: String,
    bind: String = "127.0.0.1:0",
    interval: Duration,
    expiry: Duration = .seconds(60),
    options: [String] = []
  ) throws {
    let times = [interval, expiry].map { "\($0.wholeNanoseconds / 1_000_000)" }
    let arguments = [try Self.program, name, bind] + times + options
    let (own, child) = try Self.connectedPair()
    defer { close(child) }
    process = try Self.spawn(arguments, talkingTo: child)
    self.name = name
    socket = own
    let lines = Locked<[Line]>([])
    output = lines
    let hasEnded = Locked(false)
    self.hasEnded = hasEnded
    try NativeThread.start(name: "child-output") {
      Self.readLines(of: own) { line in lines.withLock { $0.append(line) } }
      hasEnded.withLock { $0 = true }
    }
  }

  deinit {
    // Its end of the socket goes with it, and with that the thread that reads.
    kill(process, SIGKILL)
    var status: CInt = 0
    waitpid(process, &status, 0)
  }

  /// Everything that the process has printed so far.
  var lines: [Line] { output.withLock { $0 } }

  /// What a log of a failed test needs to know.
  var transcript: String { lines.map { "\(name) \($0)" }.joined(separator: "\n") }
}

extension ChildNode {
  /// Where the node can be reached, once it has started.
  func address() async throws -> String {
    String(try await answer("address", after: .zero).words[1])
  }

  /// Has the process do something, and waits for the line that says so.
  @discardableResult
  func ask(_ command: String, answer: String) async throws -> Line {
    let start = MonotonicClock.now()
    tell(command)
    return try await self.answer(answer, after: start)
  }

  func tell(_ command: String) {
    let bytes = Array("\(command)\n".utf8)
    let count = bytes.withUnsafeBytes {
      send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
    }
    precondition(count == bytes.count, "the process \(name) takes no commands")
  }

  func signal(_ number: CInt) {
    precondition(kill(process, number) == 0, "there is no process \(name)")
  }

  /// The first line that begins with `text` and was printed after `time`.
  func first(_ text: String, after time: Instant) -> Line? {
    lines.first { $0.time > time && $0.text.hasPrefix(text) }
  }

  /// The events about `member`, in order, without its keys: `joined`, `down`, `replaced`.
  func story(of member: String) -> [Substring] {
    lines.filter { line in
      line.words.count >= 3 && line.words[0] == "event" && line.words[1] != "set"
        && line.words[2].prefix { $0 != "#" } == member
    }.map { $0.words[1] }
  }

  /// The number that follows `word` in the process's metrics.
  func metric(_ word: Substring) async throws -> Int {
    let words = try await ask("metrics", answer: "metrics").words
    let index = try #require(words.firstIndex(of: word))
    return try #require(Int(words[index + 1]))
  }

  private func answer(_ text: String, after time: Instant) async throws -> Line {
    var found: Line?
    try await eventually("\(name) says “\(text)”") {
      found = first(text, after: time)
      return found != nil || hasEnded.withLock { $0 }
    }
    return try #require(found, "the process \(name) has ended:\n\(transcript)")
  }
}

extension ChildNode {
  /// Two connected sockets, of which no other child inherits one.
  private static func connectedPair() throws -> (own: CInt, child: CInt) {
    var ends: [CInt] = [-1, -1]
    let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw Failure(call: "socketpair", code: errno)
    }
    return (ends[0], ends[1])
  }

  private struct Failure: Error {
    let call: String
    let code: CInt
  }

  /// The helper is built into the folder that the test runner is in.
  private static var program: String {
    get throws {
      var path = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink("/proc/self/exe", &path, path.count)
      guard count > 0 else { throw Failure(call: "readlink", code: errno) }
      let runner = String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let folder = runner.split(separator: "/").dropLast().joined(separator: "/")
      return "/\(folder)/NodeProcess"
    }
  }

  /// Starts a process whose standard input and output are one socket.
  private static func spawn(_ arguments: [String], talkingTo socket: CInt) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO)
    var words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, arguments[0], &actions, nil, &words, environ)
    guard code == 0 else { throw Failure(call: "posix_spawn of \(arguments[0])", code: code) }
    return process
  }

  private static func readLines(of descriptor: CInt, _ body: (Line) -> Void) {
    var buffer = [UInt8](repeating: 0, count: 4_096)
    var rest: [UInt8] = []
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { break }
      rest += buffer[..<count]
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
        rest.removeSubrange(...end)
        guard let time = words.first.flatMap({ UInt64($0) }) else { continue }
        body(Line(time: Instant(nanoseconds: time), words: Array(words.dropFirst())))
      }
    }
    close(descriptor)
  }
}
