public import GrapevineCore
import GrapevineTransport

/// One end of a connection in memory: two bounded buffers, one each way.
///
/// A task that writes waits while the buffer is full, one that reads while it is empty. Any number
/// may do so at a time: those that write take turns, so that the bytes of a write stay together,
/// and so do those that read. It is closed when nobody holds it.
public final class MemoryConnection: Sendable {
  private let end: MemoryEnd

  init(_ end: MemoryEnd) {
    self.end = end
  }

  /// The number of calls that read, or wait for it.
  package var readerCount: Int { pipe.monitor.read { $0[readersOf: side].count } }

  /// The number of calls that write, or wait for it.
  package var writerCount: Int { pipe.monitor.read { $0[writersOf: side].count } }

  private var pipe: MemoryPipe { end.pipe }
  private var side: MemoryPipe.Side { end.side }
}

extension MemoryConnection {
  /// Makes the two ends of a connection that is on no network.
  ///
  /// - Parameter bufferSize: How many bytes each way wait to be read; 1 or more.
  /// - Returns: The two ends.
  /// - Throws: ``MemoryNetworkError`` with the code `invalidValue`.
  public static func pipe(
    bufferSize: Int = 1_024
  ) throws(MemoryNetworkError) -> (MemoryConnection, MemoryConnection) {
    try checkBufferSize(bufferSize)
    let (first, second) = MemoryEnd.makePair(capacity: bufferSize)
    return (MemoryConnection(first), MemoryConnection(second))
  }

  static func checkBufferSize(_ size: Int) throws(MemoryNetworkError) {
    guard size < 1 else { return }
    throw MemoryNetworkError(.invalidValue, "a buffer holds 1 byte or more, not \(size)")
  }

  /// The address of this end; nil for a connection that is on no network.
  public var localAddress: Endpoint? {
    side == .opener ? pipe.addresses?.opener : pipe.addresses?.acceptor
  }

  /// The address of the other end; nil for a connection that is on no network.
  public var remoteAddress: Endpoint? {
    side == .opener ? pipe.addresses?.acceptor : pipe.addresses?.opener
  }
}

// MARK: Reading

extension MemoryConnection {
  /// Takes what has arrived, and waits until there is something.
  ///
  /// - Parameters:
  ///   - limit: The most bytes to take, 1 or more.
  ///   - timeout: The time after which it gives up; nil for ``readDeadline`` alone.
  /// - Returns: At least one byte; nil once the peer has closed and all is read.
  /// - Throws: ``MemoryNetworkError`` with the code `invalidValue`, `closed`, `reset`,
  ///   `deadlineExceeded` or `cancelled`.
  public func read(
    atMost limit: Int = 65_536,
    timeout: Duration? = nil
  ) async throws(MemoryNetworkError) -> [UInt8]? {
    guard limit > 0 else {
      throw MemoryNetworkError(.invalidValue, "a read takes 1 byte or more, not \(limit)")
    }
    let deadline = timeout.map { ContinuousClock.now + $0.clamped }
    let ticket = pipe.change { $0[readersOf: side].enter() }
    defer { pipe.change { $0[readersOf: side].leave(ticket) } }
    let outcome: Result<[UInt8]?, MemoryNetworkError>? = await pipe.attempt { state in
      guard !state.isClosed(side) else { return (.done(.failure(Self.closedHere())), false) }
      let turns = state[readersOf: side]
      let deadline = turns.deadline.earlier(deadline)
      if let deadline, deadline <= .now { return (.done(.failure(.deadlineExceeded)), false) }
      guard turns.isFirst(ticket) else { return (.wait(until: deadline), false) }
      switch state.read(atMost: limit, by: side, { Array($0) }) {
      case .bytes(let bytes): return (.done(.success(bytes)), true)
      case .ended: return (.done(.success(nil)), false)
      case .nothing: return (.wait(until: deadline), false)
      case .reset:
        let reason = "connection reset: the peer has broken off, and what it said is lost"
        return (.done(.failure(MemoryNetworkError(.reset, reason))), false)
      }
    }
    return try (outcome ?? .failure(.cancelled)).get()
  }

  /// When every read gives up, those that wait included; nil for never.
  ///
  /// A read after that fails at once, until the deadline is set anew.
  public var readDeadline: ContinuousClock.Instant? {
    get { pipe.monitor.read { $0[readersOf: side].deadline } }
    set { pipe.change { $0[readersOf: side].deadline = newValue } }
  }
}

// MARK: Writing

extension MemoryConnection {
  /// Hands bytes over, and waits until all of them are in the buffer.
  ///
  /// - Parameters:
  ///   - bytes: What to write.
  ///   - timeout: The time after which it gives up; nil for ``writeDeadline`` alone.
  /// - Throws: ``MemoryNetworkError`` with the code `closed`, `deadlineExceeded` or `cancelled`;
  ///   its `writtenCount` says how many bytes were handed over.
  public func write(
    _ bytes: [UInt8],
    timeout: Duration? = nil
  ) async throws(MemoryNetworkError) {
    let deadline = timeout.map { ContinuousClock.now + $0.clamped }
    let ticket = pipe.change { $0[writersOf: side].enter() }
    defer { pipe.change { $0[writersOf: side].leave(ticket) } }
    var count = 0
    let outcome: Result<Void, MemoryNetworkError>? = await pipe.attempt { state in
      guard !state.isClosed(side) else { return (.done(.failure(Self.closedHere())), false) }
      let turns = state[writersOf: side]
      let deadline = turns.deadline.earlier(deadline)
      if let deadline, deadline <= .now { return (.done(.failure(.deadlineExceeded)), false) }
      guard turns.isFirst(ticket) else { return (.wait(until: deadline), false) }
      switch state.write(bytes[count...], from: side) {
      case .broken:
        let reason = "connection closed: the peer has closed it and reads no more"
        return (.done(.failure(MemoryNetworkError(.closed, reason))), false)
      case .taken(let taken):
        count += taken
        let isDone = count == bytes.count
        return (isDone ? .done(.success(())) : .wait(until: deadline), taken > 0)
      }
    }
    do {
      try (outcome ?? .failure(.cancelled)).get()
    } catch {
      let progress = "\(error.reason); \(count) of \(bytes.count) bytes were written"
      throw MemoryNetworkError(error.code, progress, writtenCount: count)
    }
  }

  /// When every write gives up, those that wait included; nil for never.
  ///
  /// A write after that fails at once, until the deadline is set anew.
  public var writeDeadline: ContinuousClock.Instant? {
    get { pipe.monitor.read { $0[writersOf: side].deadline } }
    set { pipe.change { $0[writersOf: side].deadline = newValue } }
  }
}

// MARK: The end

extension MemoryConnection {
  /// Closes both directions; closing twice is harmless.
  ///
  /// The peer reads what is in its buffer, and then the end; what it writes from now on fails.
  /// Reads and writes here fail too, those that wait included.
  public func close() { end.close() }

  private static func closedHere() -> MemoryNetworkError {
    MemoryNetworkError(.closed, "connection closed: this end was closed")
  }
}

extension ContinuousClock.Instant? {
  /// The earlier of two deadlines; nil is never.
  fileprivate func earlier(_ other: Self) -> Self {
    guard let self, let other else { return self ?? other }
    return Swift.min(self, other)
  }
}
