internal import Glibc

/// A file could not be used; says which and why.
package struct FileError: Error, Equatable, CustomStringConvertible {
  package let description: String

  fileprivate init(_ action: String, _ path: String, _ code: CInt) {
    description = "can't \(action) “\(path)”: \(String(cString: strerror(code)))"
  }

  /// What the last call of the system says of its failure.
  init(action: String, path: String) {
    self.init(action, path, errno)
  }
}

/// A file that is opened before a long measurement and written after it.
package struct OutputFile: ~Copyable {
  private let path: String
  private let descriptor: CInt

  /// What becomes of what a file holds, between its opening and ``write(_:)``.
  package enum FormerContent {
    /// It goes away, so that a measurement that fails leaves no earlier one's results.
    case removed
    case kept
  }

  /// Opens the file, or creates it.
  package init(path: String, _ former: FormerContent = .removed) throws(FileError) {
    let truncation =
      switch former {
      case .removed: O_TRUNC
      case .kept: CInt(0)
      }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | truncation, 0o644)
    guard descriptor >= 0 else { throw FileError("open", path, errno) }
    self.path = path
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }

  /// Makes `text` the content of the file.
  package func write(_ text: String) throws(FileError) {
    // A pipe or a terminal can't be cut, and needs not.
    _ = ftruncate(descriptor, 0)
    guard let code = writeAll(descriptor, text) else { return }
    throw FileError("write", path, code)
  }
}

/// What goes to people, not into results.
package enum StandardError {
  package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  package static func write(_ text: String) {
    // Nobody is left to be told if this fails.
    _ = writeAll(STDERR_FILENO, text)
  }
}

/// Where results go.
package enum StandardOutput {
  package static func write(_ text: String) {
    _ = writeAll(STDOUT_FILENO, text)
  }

  /// Writes to who may read no more, which does not end the process; false if that is so.
  ///
  /// What a full disk does not take is lost.
  static func writeIfRead(_ text: String) -> Bool {
    writeAll(STDOUT_FILENO, text) != EPIPE
  }
}

/// Where commands come from.
enum StandardInput {
  static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  /// What there was to read.
  enum Outcome: Equatable {
    case bytes(ArraySlice<UInt8>)
    case nothing
    /// Only the processes in the foreground of the terminal may read.
    case notForThisProcess
    case end
  }

  /// Reads what is there; it waits only where nothing has been said to be there.
  static func read() -> Outcome {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = buffer.withUnsafeMutableBytes {
      Glibc.read(STDIN_FILENO, $0.baseAddress, $0.count)
    }
    guard count < 0 else { return count == 0 ? .end : .bytes(buffer[..<count]) }
    switch errno {
    case EINTR, EAGAIN: return .nothing
    case EIO where isTerminal: return .notForThisProcess
    default: return .end
    }
  }
}

/// The three files that every process is to have.
enum StandardFiles {
  /// Opens what was closed on nothing, so that no socket is taken for one of them.
  static func complete() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", O_RDWR)
    }
  }
}

/// Writes all bytes; returns the error number, or nil when done.
private func writeAll(_ descriptor: CInt, _ text: String) -> CInt? {
  writeAll(descriptor, Array(text.utf8))
}

/// Writes all bytes; returns the error number, or nil when done.
private func writeAll(_ descriptor: CInt, _ bytes: [UInt8]) -> CInt? {
  var offset = 0
  while offset < bytes.count {
    let count = bytes.withUnsafeBytes {
      write(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset)
    }
    if count < 0 && errno == EINTR { continue }
    if count < 0 && errno == EAGAIN {
      var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&room, 1, -1)
      continue
    }
    guard count > 0 else { return errno }
    offset += count
  }
  return nil
}

/// Reads a file as a text.
func readFile(_ path: String) throws(FileError) -> String {
  String(decoding: try readBytes(path), as: UTF8.self)
}

/// Reads a file.
func readBytes(_ path: String) throws(FileError) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw FileError("open", path, errno) }
  defer { close(descriptor) }
  var content: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    if count < 0 && errno == EINTR { continue }
    guard count >= 0 else { throw FileError("read", path, errno) }
    guard count > 0 else { return content }
    content += buffer[..<count]
  }
}

/// Makes a new file that can be run.
func writeProgram(_ bytes: [UInt8], to path: String) throws(FileError) {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o700)
  guard descriptor >= 0 else { throw FileError("open", path, errno) }
  defer { close(descriptor) }
  if let code = writeAll(descriptor, bytes) { throw FileError("write", path, code) }
}

/// Reads a small file, as those of `/proc` are; nil if that can't be done.
func readSystemFile(_ path: String) -> String? {
  try? readFile(path)
}
