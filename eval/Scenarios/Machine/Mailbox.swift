internal import Glibc

/// Messages from any thread to the one that reads them, which can wait for its files at the same
/// time.
///
/// They go through a pipe, which is the queue and its limit: by default 8,192 messages wait.
final class Mailbox<Message: Sendable>: Sendable {
  /// What is readable when there is a message.
  let readEnd: CInt
  private let writeEnd: CInt

  private final class Letter: Sendable {
    let message: Message

    init(_ message: Message) {
      self.message = message
    }
  }

  /// Opens the pipe.
  ///
  /// - Throws: ``EvaluationError`` if the system has none to give.
  init() throws(EvaluationError) {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { throw EvaluationError("no pipe can be opened") }
    readEnd = ends[0]
    writeEnd = ends[1]
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
  }

  deinit {
    while take() != nil {}
    close(readEnd)
    close(writeEnd)
  }

  /// Adds a message, which may have to wait for room.
  func post(_ message: Message) {
    while !postIfRoom(message) {
      var room = pollfd(fd: writeEnd, events: Int16(POLLOUT), revents: 0)
      poll(&room, 1, -1)
    }
  }

  /// Adds a message from a task, whose thread others need while there is no room.
  func send(_ message: Message) async {
    while !postIfRoom(message) { try? await Task.sleep(for: .milliseconds(10)) }
  }

  /// Adds a message; false if there is no room for it.
  @discardableResult
  func postIfRoom(_ message: Message) -> Bool {
    let letter = Unmanaged.passRetained(Letter(message))
    var address = UInt(bitPattern: letter.toOpaque())
    let size = MemoryLayout<UInt>.size
    // A pipe takes so few bytes as a whole or not at all.
    guard write(writeEnd, &address, size) == size else {
      letter.release()
      return false
    }
    return true
  }

  /// The next message; nil if there is none.
  func take() -> Message? {
    var address: UInt = 0
    let size = MemoryLayout<UInt>.size
    guard read(readEnd, &address, size) == size,
      let letter = UnsafeRawPointer(bitPattern: address)
    else { return nil }
    return Unmanaged<Letter>.fromOpaque(letter).takeRetainedValue().message
  }
}
