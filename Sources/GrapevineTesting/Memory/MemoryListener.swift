public import GrapevineCore
import GrapevineTransport

/// One who takes connections at an address of a ``MemoryNetwork``.
///
/// It is closed when nobody holds it.
public final class MemoryListener: Sendable {
  private let listening: MemoryListening
  private let network: MemoryNetwork

  init(_ listening: MemoryListening, on network: MemoryNetwork) {
    self.listening = listening
    self.network = network
  }
}

extension MemoryListener {
  /// The address that it is bound to, its port never zero.
  public var address: Endpoint { listening.backlog.endpoint }

  /// Waits for somebody to dial, and accepts who has waited longest.
  ///
  /// Several tasks may wait at a time.
  ///
  /// - Throws: ``MemoryNetworkError`` with the code `listenerClosed` or `cancelled`.
  public func accept() async throws(MemoryNetworkError) -> MemoryConnection {
    while true {
      let found: MemoryPipe?? = await listening.backlog.monitor.attempt { state in
        if let pipe = state.takeFirst() { return (.done(pipe), true) }
        return (state.isClosed ? .done(nil) : .wait(until: nil), false)
      }
      guard let found else { throw .cancelled }
      guard let pipe = found else {
        throw MemoryNetworkError(
          .listenerClosed,
          "listener closed: “\(address)” accepts nobody any more"
        )
      }
      let end = MemoryEnd(pipe, .acceptor, on: listening.network)
      // Who has given up meanwhile is not worth a connection.
      if pipe.accept() { return MemoryConnection(end) }
    }
  }

  /// Connects to this listener, and waits until it has accepted.
  ///
  /// - Parameter timeout: The time after which it gives up; nil for never.
  /// - Returns: The dialling end of the connection.
  /// - Throws: ``MemoryNetworkError`` with the code `serverClosed`, `deadlineExceeded` or
  ///   `cancelled`.
  public func dial(timeout: Duration? = nil) async throws(MemoryNetworkError) -> MemoryConnection {
    guard !isClosed else { throw serverClosed }
    do {
      return try await network.dial(address.description, timeout: timeout)
    } catch {
      // It may have been closed just before.
      throw error.code == .refused && isClosed ? serverClosed : error
    }
  }

  /// The number of those who wait to be accepted.
  package var waitingCount: Int { listening.backlog.monitor.read { $0.waitingCount } }

  /// The number of tasks that wait to accept.
  package var acceptorCount: Int { listening.backlog.monitor.waitingCount }

  private var isClosed: Bool { listening.backlog.monitor.read { $0.isClosed } }

  private var serverClosed: MemoryNetworkError {
    MemoryNetworkError(.serverClosed, "server closed: the listener on “\(address)” was closed")
  }

  /// Frees the address.
  ///
  /// Who waits to accept or to be accepted is told; connections that were accepted go on.
  ///
  /// - Throws: ``MemoryNetworkError`` with the code `alreadyClosed` the second time.
  public func close() throws(MemoryNetworkError) {
    guard listening.close() else {
      throw MemoryNetworkError(
        .alreadyClosed,
        "already closed: the listener on “\(address)” was closed before"
      )
    }
  }
}
