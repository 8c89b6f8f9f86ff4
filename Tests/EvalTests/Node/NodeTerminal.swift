import Glibc
import GrapevineTransport

/// `eval node` as a person has it at a terminal: the built program in a process of its own.
///
/// The process is killed when nobody holds this any more.
final class NodeTerminal: Sendable {
  /// What the process has as standard input.
  enum Input {
    case typed
    case empty
    case closed
  }

  /// Who reads what the process prints.
  enum Reader {
    case toTheEnd
    case firstLine
    case nobody
  }

  private struct State {
    var output = ""
    var errors = ""
    var status: CInt?
  }

  let arguments: [String]
  private let process: pid_t
  private let input: CInt
  /// The end of the output where nobody reads it.
  private let unread: CInt?
  private let state: Locked<State>

  /// Starts `eval node` with `arguments`.
  init(
    _ arguments: [String],
    input: Input = .typed,
    reader: Reader = .toTheEnd
  ) throws {
    self.arguments = arguments
    let (typed, printed, told) = (try Pipe(isSocket: true), try Pipe(), try Pipe())
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    switch input {
    case .typed: posix_spawn_file_actions_adddup2(&actions, typed.read, STDIN_FILENO)
    case .empty:
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    case .closed: posix_spawn_file_actions_addclose(&actions, STDIN_FILENO)
    }
    posix_spawn_file_actions_adddup2(&actions, printed.write, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, told.write, STDERR_FILENO)
    let program = try Self.program
    var words = ([program, "node"] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var id: pid_t = 0
    // A process ends with its node in its hands, and a sanitizer can't see that Swift still holds
    // what weak references lead to.
    let option = strdup("ASAN_OPTIONS=detect_leaks=0")
    defer { free(option) }
    var environment = [option]
    while let variable = environ[environment.count - 1] { environment.append(variable) }
    environment.append(nil)
    let code = posix_spawn(&id, program, &actions, nil, &words, &environment)
    for end in [typed.read, printed.write, told.write] { close(end) }
    guard code == 0 else { throw Failure("eval can't be started: \(code)") }
    let process = id
    self.process = process
    self.input = typed.write
    let state = Locked(State())
    self.state = state
    try NativeThread.start(name: "errors") {
      Self.read(told.read) { text in state.withLockNotifying { $0.errors += text } }
      close(told.read)
      try? NativeThread.start(name: "ending") { Self.awaitEnd(of: process, state) }
    }
    guard reader != .nobody else {
      unread = printed.read
      return
    }
    unread = nil
    try NativeThread.start(name: "output") {
      Self.read(printed.read, atMost: reader == .firstLine ? 1 : .max) { text in
        state.withLockNotifying { $0.output += text }
      }
      close(printed.read)
    }
  }

  convenience init(_ arguments: String..., reader: Reader = .toTheEnd) throws {
    try self.init(arguments, reader: reader)
  }

  deinit {
    signal(SIGKILL)
    close(input)
    if let unread { close(unread) }
  }
}

extension NodeTerminal {
  struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
      self.description = description
    }
  }

  /// What was printed so far, without the times.
  var lines: [String] { state.withLock { Self.lines(of: $0.output) } }

  /// What was printed so far, as it was printed.
  var output: String { state.withLock { $0.output } }

  var errors: String { state.withLock { $0.errors } }

  /// Everything there is to know when a test fails.
  var transcript: String {
    state.withLock { "\(arguments): \($0.status ?? -1)\n\($0.output)\n\($0.errors)" }
  }

  func type(_ line: String) {
    type(Array("\(line)\n".utf8))
  }

  func type(_ bytes: [UInt8]) {
    _ = bytes.withUnsafeBytes { send(input, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
  }

  /// Waits for a line that begins so, behind its time, and was printed after `count` others.
  @discardableResult
  func line(_ start: String, after count: Int = 0) async throws -> String {
    try await wait("“\(start)”") { state in
      Self.lines(of: state.output).dropFirst(count).first { $0.hasPrefix(start) }
    }
  }

  /// Waits for a line with `text` in it.
  func line(containing text: String) async throws {
    _ = try await wait("“\(text)”") { state in
      Self.lines(of: state.output).first { $0.contains(text) }
    }
  }

  /// Where the node is.
  func address() async throws -> String {
    let line = try await line("started")
    return String(line.split(separator: " ").last ?? "")
  }

  /// The status that the process ends with; 256 and the signal for one that a signal ends.
  func status() async throws -> CInt {
    try await wait("the end") { $0.status }
  }

  var hasEnded: Bool { state.withLock { $0.status != nil } }

  func signal(_ number: CInt) {
    state.withLock { state in
      if state.status == nil { kill(process, number) }
    }
  }

  /// Stops the process; when this returns, none of its threads runs.
  func stop() {
    signal(SIGSTOP)
    var info = siginfo_t()
    while waitid(P_PID, id_t(process), &info, WSTOPPED | WNOWAIT) != 0, !hasEnded {}
  }

  /// What the process has as its first file, which is to be standard input.
  var firstFile: String {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/\(process)/fd/0", &path, path.count)
    return String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The bytes that wait for a reader who does not read.
  var unreadSize: Int {
    var count: CInt = 0
    guard let unread, ioctl(unread, UInt(FIONREAD), &count) == 0 else { return 0 }
    return Int(count)
  }

  /// The processor time that the process has taken so far.
  var processorTime: Duration {
    var clock: clockid_t = 0
    var time = timespec()
    guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else {
      return .zero
    }
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  /// The lines without the times before them, and with one blank in place of several.
  private static func lines(of output: String) -> [String] {
    output.split(separator: "\n").map { line in
      let words = line.split(separator: " ")
      let hasTime = words.first.flatMap { Double($0) } != nil
      return words.dropFirst(hasTime ? 1 : 0).joined(separator: " ")
    }
  }

  private func wait<Result: Sendable>(
    _ what: String,
    _ body: @escaping @Sendable (State) -> Result?
  ) async throws -> Result {
    let state = state
    let result = try await BlockingThread.run {
      state.wait(atMost: .seconds(30)) { body($0) }
    }
    guard let result else { throw Failure("\(what) did not come:\n\(transcript)") }
    return result
  }
}

extension NodeTerminal {
  private struct Pipe {
    let read: CInt
    let write: CInt

    /// A socket can be written to without a signal if nobody reads it any more.
    init(isSocket: Bool = false) throws {
      var ends: [CInt] = [-1, -1]
      let type = CInt(SOCK_STREAM.rawValue)
      guard (isSocket ? socketpair(AF_UNIX, type, 0, &ends) : pipe(&ends)) == 0 else {
        throw Failure("no pipe can be opened")
      }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      (read, write) = (ends[0], ends[1])
    }
  }

  /// The program is built into the folder that the test runner is in.
  static var program: String {
    get throws {
      var path = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink("/proc/self/exe", &path, path.count)
      guard count > 0 else { throw Failure("the test runner has no path") }
      let runner = String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return runner.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/eval"
    }
  }

  private static func read(
    _ descriptor: CInt,
    atMost limit: Int = .max,
    _ body: (String) -> Void
  ) {
    var lineCount = 0
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var rest: [UInt8] = []
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return }
      rest += buffer[..<count]
      // Whole lines are whole characters.
      guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { continue }
      lineCount += rest[...end].count { $0 == UInt8(ascii: "\n") }
      body(String(decoding: rest[...end], as: UTF8.self))
      rest.removeSubrange(...end)
      guard lineCount < limit else { return }
    }
  }

  private static func awaitEnd(of process: pid_t, _ state: Locked<State>) {
    var info = siginfo_t()
    // The process stays known until the lock is held, so that no signal hits a stranger.
    while waitid(P_PID, id_t(process), &info, WEXITED | WNOWAIT) != 0 {}
    state.withLockNotifying { state in
      var status: CInt = 0
      waitpid(process, &status, 0)
      state.status = status & 0x7F == 0 ? status >> 8 & 0xFF : 256 + status & 0x7F
    }
  }
}
