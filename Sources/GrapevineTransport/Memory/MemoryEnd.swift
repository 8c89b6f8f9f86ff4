internal import CGrapevineLinux
internal import Glibc
internal import GrapevineCore

/// What somebody holds of one end of a pipe; it is closed when this goes.
package final class MemoryEnd: Sendable {
  package let pipe: MemoryPipe
  package let side: MemoryPipe.Side
  /// Whom to tell when it is over; nil for a pipe by itself.
  private let network: MemorySwitch?

  package init(_ pipe: MemoryPipe, _ side: MemoryPipe.Side, on network: MemorySwitch?) {
    self.pipe = pipe
    self.side = side
    self.network = network
  }

  deinit {
    close()
  }
}

extension MemoryEnd {
  /// Two ends of a pipe that is on no network.
  package static func makePair(capacity: Int) -> (MemoryEnd, MemoryEnd) {
    let pipe = MemoryPipe(id: 0, addresses: nil, capacity: capacity)
    pipe.enqueue(capacity: capacity)
    _ = pipe.accept()
    return (MemoryEnd(pipe, .opener, on: nil), MemoryEnd(pipe, .acceptor, on: nil))
  }

  /// Closes the end; closing twice is harmless.
  package func close() {
    pipe.change { $0.close(side) }
    network?.release(pipe)
  }

  /// Gives up a connection that nobody has accepted.
  package func abandon() {
    pipe.change { $0.abandon() }
    network?.release(pipe)
  }
}

// What a node's connection asks of its end.
extension MemoryEnd {
  func attach(_ signal: MemorySignal) {
    pipe.change { $0[side].signal = signal }
  }

  /// Sets what the signal is raised for.
  func watch(_ interest: Interest) {
    pipe.change { $0[side].interest = interest }
  }

  var readiness: Readiness {
    pipe.monitor.read { $0.readiness(of: side) }
  }

  func checkConnected() throws(SystemError) {
    guard pipe.monitor.read({ $0.stage }) == .refused else { return }
    throw SystemError(code: ECONNREFUSED, operation: "connect")
  }

  func resetOnClose() {
    pipe.change { $0[side].isResettingOnClose = true }
  }

  func finishWriting() throws(SystemError) {
    guard pipe.change({ $0.finishWriting(from: side) }) else {
      throw SystemError(code: ENOTCONN, operation: "shutdown")
    }
  }

  /// Takes the pieces' bytes as far as there is room; returns how many.
  func write(_ pieces: UnsafeMutableBufferPointer<iovec>) throws(SystemError) -> Int {
    let total: Int? = pipe.change { state in
      var total = 0
      for piece in pieces {
        let bytes = UnsafeRawBufferPointer(start: piece.iov_base, count: piece.iov_len)
        guard case .taken(let count) = state.write(bytes, from: side) else { return nil }
        total += count
        guard count == piece.iov_len else { break }
      }
      return total
    }
    guard let total else { throw SystemError(code: EPIPE, operation: "sendmsg") }
    return total
  }

  func read(
    into buffer: UnsafeMutableBufferPointer<UInt8>
  ) throws(SystemError) -> StreamConnection.ReadOutcome {
    let outcome = pipe.change { state in
      state.read(atMost: buffer.count, by: side) { bytes in
        _ = buffer.update(fromContentsOf: bytes)
        return bytes.count
      }
    }
    switch outcome {
    case .bytes(let count): return .bytes(count)
    case .nothing: return .nothing
    case .ended: return .ended
    case .reset: throw SystemError(code: ECONNRESET, operation: "recv")
    }
  }
}
