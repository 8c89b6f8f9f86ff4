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

    func moved(by offset: Duration) -> Line {
      let nanoseconds = Int64(time.nanoseconds) + Int64(offset / .nanoseconds(1))
      return Line(time: Instant(nanoseconds: UInt64(nanoseconds)), words: words)
    }

    var text: String { words.joined(separator: " ") }
    var description: String { "\(time.nanoseconds / 1_000_000) ms: \(text)" }
  }

  let name: String
  private let process: ChildProcess
  private let output: Locked<[Line]>
  private let hasEnded: Locked<Bool>

  /// Starts the process, with settings as `NodeProcess` takes them.
  ///
  /// The launcher is a command that runs the command behind it in its own process, such as
  /// `nsenter`. Where that changes the time since the start of the machine, the offset says by how
  /// much.
  init(
    _ name: String,
    bind: String = "127.0.0.1:0",
    interval: Duration,
    expiry: Duration = .seconds(60),
    options: [String] = [],
    launcher: [String] = [],
    uptimeOffset: Duration = .zero
  ) throws {
    let times = [interval, expiry].map { "\($0.wholeNanoseconds / 1_000_000)" }
    let process = try ChildProcess(
      launcher + [try Self.program, name, bind] + times + options
    )
    self.process = process
    self.name = name
    let lines = Locked<[Line]>([])
    output = lines
    let hasEnded = Locked(false)
    self.hasEnded = hasEnded
    let socket = process.socket
    try NativeThread.start(name: "child-output") {
      Self.readLines(of: socket) { line in
        lines.withLock { $0.append(line.moved(by: .zero - uptimeOffset)) }
      }
      hasEnded.withLock { $0 = true }
    }
  }

  /// Everything that the process has printed so far.
  var lines: [Line] { output.withLock { $0 } }

  /// What a log of a failed test needs to know.
  var transcript: String {
    lines.filter { !$0.text.hasPrefix("state") && !$0.text.hasPrefix("event set") }
      .map { "\(name) \($0)" }.joined(separator: "\n")
  }
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
      send(process.socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
    }
    precondition(count == bytes.count, "the process \(name) takes no commands")
  }

  func signal(_ number: CInt) { process.signal(number) }

  /// The processor time that the process has taken so far.
  var processorTime: Duration { process.processorTime }

  /// Kills the process; when this returns, its ports are free.
  func end() { process.end() }

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
  func metric(_ word: Substring) async throws -> Int { try await count(word, of: "metrics") }

  /// The number that follows `word` in the answer to `question`.
  func count(_ word: Substring, of question: String) async throws -> Int {
    let words = try await ask(question, answer: question).words
    let index = try #require(words.firstIndex(of: word), "there is no \(word)")
    return try #require(Int(words[index + 1]))
  }

  /// Waits for an event that was printed after `time`.
  func event(_ text: String, after time: Instant) async throws -> Line {
    var found: Line?
    try await eventually("\(name) tells “\(text)”", within: .seconds(60)) {
      found = first("event \(text)", after: time)
      return found != nil
    }
    return try #require(found)
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
  /// The helper is built into the folder that the test runner is in.
  private static var program: String {
    get throws {
      var path = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink("/proc/self/exe", &path, path.count)
      guard count > 0 else { throw SystemFailure(call: "readlink", code: errno) }
      let runner = String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let folder = runner.split(separator: "/").dropLast().joined(separator: "/")
      return "/\(folder)/NodeProcess"
    }
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
