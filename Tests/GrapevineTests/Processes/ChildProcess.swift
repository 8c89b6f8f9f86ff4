import Glibc
import GrapevineTransport

/// A process whose standard input and output are the other end of ``socket``.
///
/// It is killed when nobody holds this any more. The socket is closed by who reads it.
final class ChildProcess: Sendable {
  let id: pid_t
  /// This side's end; no other child inherits it.
  let socket: CInt
  private let isGone = Locked(false)

  /// Starts the program that the first word names, by its path or by a name on the search path.
  init(_ words: [String]) throws(SystemFailure) {
    var ends: [CInt] = [-1, -1]
    let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw SystemFailure(call: "socketpair", code: errno)
    }
    defer { close(ends[1]) }
    do {
      id = try Self.spawn(words, talkingTo: ends[1])
    } catch {
      close(ends[0])
      throw error
    }
    socket = ends[0]
  }

  deinit {
    end()
  }
}

/// A call to the system that failed in a test's own support.
struct SystemFailure: Error, CustomStringConvertible {
  let call: String
  let code: CInt

  var description: String { "\(call): \(String(cString: strerror(code)))" }
}

extension ChildProcess {
  func signal(_ number: CInt) {
    isGone.withLock { isGone in
      precondition(!isGone && kill(id, number) == 0, "there is no process \(id)")
    }
  }

  /// Kills the process and waits until nothing is left of it.
  func end() {
    isGone.withLock { isGone in
      guard !isGone else { return }
      isGone = true
      kill(id, SIGKILL)
      var status: CInt = 0
      waitpid(id, &status, 0)
    }
  }

  /// The time that processors have spent on the process so far, in steps of a hundredth of a
  /// second; zero if it has ended.
  var processorTime: Duration {
    guard let file = fopen("/proc/\(id)/stat", "r") else { return .zero }
    defer { fclose(file) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 1_000) { buffer, count in
      count = fread(buffer.baseAddress, 1, buffer.count, file)
    }
    // The name before it, in brackets, may hold anything.
    let text = String(decoding: bytes, as: UTF8.self).split(separator: ")").last ?? ""
    let ticks = text.split(separator: " ").dropFirst(11).prefix(2).compactMap { Int($0) }
    return .milliseconds(ticks.reduce(0, +) * 1_000 / sysconf(CInt(_SC_CLK_TCK)))
  }

  private static func spawn(
    _ words: [String],
    talkingTo socket: CInt
  ) throws(SystemFailure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO)
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process: pid_t = 0
    let code = posix_spawnp(&process, words[0], &actions, nil, &arguments, environ)
    guard code == 0 else { throw SystemFailure(call: "start of \(words[0])", code: code) }
    return process
  }
}
