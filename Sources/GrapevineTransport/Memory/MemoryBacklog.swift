package import GrapevineCore

/// The connections that wait at one address of a memory network to be accepted.
package final class MemoryBacklog: Sendable {
  package let endpoint: Endpoint
  /// The buffer, each way, of the connections that are accepted here.
  let capacity: Int
  /// What tells a loop that somebody waits; nil if tasks accept.
  let signal: MemorySignal?
  package let monitor = MemoryMonitor(State())

  /// Connections that may wait, as at a socket.
  private static let limit = 1_024

  package struct State {
    fileprivate var pipes: [MemoryPipe] = []
    package fileprivate(set) var isClosed = false

    /// Takes the connection that has waited longest; its opener may have given up.
    package mutating func takeFirst() -> MemoryPipe? {
      pipes.isEmpty ? nil : pipes.removeFirst()
    }
  }

  init(endpoint: Endpoint, capacity: Int, signal: MemorySignal?) {
    self.endpoint = endpoint
    self.capacity = capacity
    self.signal = signal
  }

  /// Adds a connection; says whether there was room.
  func push(_ pipe: MemoryPipe) -> Bool {
    monitor.change { state in
      if state.pipes.count >= Self.limit { state.pipes.removeAll(where: \.isAbandoned) }
      guard !state.isClosed, state.pipes.count < Self.limit else { return false }
      // In the queue's order, and before it can be taken.
      pipe.enqueue(capacity: capacity)
      state.pipes.append(pipe)
      signal?.set(true)
      return true
    }
  }

  /// Takes the connection that has waited longest; nil if nobody waits.
  func takeFirst() -> MemoryPipe? {
    monitor.change { state in
      defer { signal?.set(!state.pipes.isEmpty) }
      return state.takeFirst()
    }
  }

  /// Takes nobody any more; returns those who wait.
  func close() -> [MemoryPipe] {
    monitor.change { state in
      state.isClosed = true
      defer { state.pipes = [] }
      return state.pipes
    }
  }
}

/// What somebody holds of an address for streams; it is free again when this goes.
package final class MemoryListening: Sendable {
  package let network: MemorySwitch
  package let backlog: MemoryBacklog

  /// Binds for a loop that watches the signal, or, without one, for tasks.
  package init(
    bind endpoint: Endpoint,
    on network: MemorySwitch,
    capacity: Int,
    signal: MemorySignal? = nil
  ) throws(SystemError) {
    self.network = network
    backlog = try network.bindBacklog(to: endpoint, capacity: capacity, signal: signal)
  }

  deinit {
    _ = close()
  }
}

extension MemoryListening {
  /// Frees the address and breaks off those who wait; says whether it was still open.
  package func close() -> Bool {
    network.unbind(backlog)
  }

  /// Accepts for a loop: the connection that has waited longest, if any.
  func accept() throws(SystemError) -> (connection: StreamConnection, source: Endpoint)? {
    guard backlog.monitor.read({ !$0.isEmpty }) else { return nil }
    // It goes on waiting if there is no descriptor for it.
    let signal = try MemorySignal()
    let descriptor = try signal.makeDescriptor()
    guard let pipe = backlog.takeFirst() else { return nil }
    let end = MemoryEnd(pipe, .acceptor, on: network)
    guard pipe.accept() else { return nil }
    end.attach(signal)
    let source = pipe.addresses?.opener ?? backlog.endpoint
    return (StreamConnection(end, descriptor), source)
  }
}

extension MemoryBacklog.State {
  var isEmpty: Bool { pipes.isEmpty }

  /// The number of those who wait and have not given up.
  package var waitingCount: Int { pipes.count { !$0.isAbandoned } }
}
