internal import Glibc
package import GrapevineCore

/// A network inside of the process: who is bound where, and what can't pass.
///
/// Its lock is taken before that of a mailbox, a backlog or a pipe, and never after one of these.
package final class MemorySwitch: Sendable {
  private let state = Locked(State())

  package init() {}

  fileprivate struct State {
    var mailboxes: [Endpoint: MemoryMailbox] = [:]
    var backlogs: [Endpoint: MemoryBacklog] = [:]
    var connections: [UInt64: Connection] = [:]
    var cuts: [UInt64: MemoryCut] = [:]
    var counts = Counts()
    var lastID: UInt64 = 0
    var lastHost: UInt32 = 0
    var lastPort = Self.firstPort - 1

    /// From here on ports are given out.
    static let firstPort: UInt16 = 49_152
  }

  /// A connection, and between which addresses it counts as one when they are cut off.
  fileprivate struct Connection {
    let pipe: MemoryPipe
    let source: Endpoint
    let target: Endpoint
    /// Whether nobody has been asked yet, since there is a cut.
    var isWaiting = false
  }

  /// What became of the datagrams.
  package struct Counts: Sendable, Hashable {
    package var delivered: UInt64 = 0
    package var cutOff: UInt64 = 0
    package var unclaimed: UInt64 = 0
    package var crowdedOut: UInt64 = 0
  }
}

/// Addresses between which nothing passes.
package struct MemoryCut: Sendable {
  private let near: Set<Endpoint>
  private let far: Set<Endpoint>?
  private let isOneWay: Bool

  /// Cuts off `near` from `far`, or from all others; an endpoint with port 0 is a whole host.
  package init(near: Set<Endpoint>, far: Set<Endpoint>?, isOneWay: Bool) {
    self.near = near
    self.far = far
    self.isOneWay = isOneWay
  }

  fileprivate func blocks(_ source: Endpoint, _ target: Endpoint) -> Bool {
    leads(source, target) || !isOneWay && leads(target, source)
  }

  private func leads(_ source: Endpoint, _ target: Endpoint) -> Bool {
    guard Self.has(source, near) else { return false }
    return if let far { Self.has(target, far) } else { !Self.has(target, near) }
  }

  private static func has(_ endpoint: Endpoint, _ set: Set<Endpoint>) -> Bool {
    set.contains(endpoint) || set.contains(endpoint.with(port: 0))
  }
}

// Addresses.
extension MemorySwitch {
  func bindMailbox(to endpoint: Endpoint) throws(SystemError) -> MemoryMailbox {
    try state.withLock { (state) throws(SystemError) -> MemoryMailbox in
      let free = try state.freeEndpoint(for: endpoint) { $0.mailboxes[$1] != nil }
      let mailbox = try MemoryMailbox(endpoint: free)
      state.mailboxes[free] = mailbox
      return mailbox
    }
  }

  func bindBacklog(
    to endpoint: Endpoint,
    capacity: Int,
    signal: MemorySignal?
  ) throws(SystemError) -> MemoryBacklog {
    try state.withLock { (state) throws(SystemError) -> MemoryBacklog in
      let free = try state.freeEndpoint(for: endpoint) { $0.backlogs[$1] != nil }
      let backlog = MemoryBacklog(endpoint: free, capacity: capacity, signal: signal)
      state.backlogs[free] = backlog
      return backlog
    }
  }

  func unbind(_ mailbox: MemoryMailbox) {
    state.withLock { $0.mailboxes[mailbox.endpoint] = nil }
  }

  /// Frees a listener's address and breaks off those who wait there; says whether it was bound.
  func unbind(_ backlog: MemoryBacklog) -> Bool {
    let wasBound = state.withLock { state in
      guard state.backlogs[backlog.endpoint] === backlog else { return false }
      state.backlogs[backlog.endpoint] = nil
      return true
    }
    guard wasBound else { return false }
    for pipe in backlog.close() {
      pipe.change { state in
        state[.acceptor].isResettingOnClose = true
        state.close(.acceptor)
      }
      release(pipe)
    }
    return true
  }
}

extension MemorySwitch.State {
  /// The endpoint itself, or one of the network's choice: a host of its own in place of the address
  /// that stands for all, a free port in place of 0.
  fileprivate mutating func freeEndpoint(
    for wanted: Endpoint,
    isTaken: (Self, Endpoint) -> Bool
  ) throws(SystemError) -> Endpoint {
    var endpoint = wanted
    if wanted.isUnspecified { endpoint = nextHost().with(port: wanted.port) }
    guard endpoint.port == 0 else {
      guard isTaken(self, endpoint) else { return endpoint }
      throw SystemError(code: EADDRINUSE, operation: "bind \(wanted)")
    }
    for _ in Self.firstPort...UInt16.max {
      endpoint = endpoint.with(port: nextPort())
      if mailboxes[endpoint] == nil, backlogs[endpoint] == nil { return endpoint }
    }
    throw SystemError(code: EADDRINUSE, operation: "bind \(wanted)")
  }

  /// The next address of 10.0.0.0/8 where nobody is bound.
  private mutating func nextHost() -> Endpoint {
    let used = Set((Array(mailboxes.keys) + backlogs.keys).map { $0.with(port: 0) })
    var host: Endpoint
    repeat {
      lastHost = lastHost % 0xFF_FFFE + 1
      host = Endpoint(ipv4: 10 << 24 | lastHost, port: 0)
    } while used.contains(host)
    return host
  }

  fileprivate mutating func nextPort() -> UInt16 {
    lastPort = lastPort == .max ? Self.firstPort : lastPort + 1
    return lastPort
  }

  fileprivate func isCut(_ source: Endpoint, _ target: Endpoint) -> Bool {
    cuts.values.contains { $0.blocks(source, target) }
  }
}

// What passes.
extension MemorySwitch {
  /// Hands a datagram over, unless it is lost.
  package func send(_ bytes: [UInt8], from source: Endpoint, to target: Endpoint) {
    state.withLock { state in
      guard !state.isCut(source, target) else {
        state.counts.cutOff += 1
        return
      }
      guard let mailbox = state.mailboxes[target] else {
        state.counts.unclaimed += 1
        return
      }
      if mailbox.put(MemoryMailbox.Datagram(source: source, bytes: bytes)) {
        state.counts.delivered += 1
      } else {
        state.counts.crowdedOut += 1
      }
    }
  }

  /// The number of connections that are not over.
  package var connectionCount: Int { state.withLock { $0.connections.count } }

  /// What became of the datagrams so far.
  package var counts: Counts { state.withLock { $0.counts } }

  /// Begins a connection; the pipe's stage tells what comes of it.
  ///
  /// Cuts go by `source`, though the connection has a port of its own.
  package func connect(to target: Endpoint, from source: Endpoint) -> MemoryEnd {
    let pipe = state.withLock { state in
      state.lastID += 1
      let pipe = MemoryPipe(
        id: state.lastID,
        addresses: (opener: source.with(port: state.nextPort()), acceptor: target),
        capacity: 0
      )
      let connection = Connection(pipe: pipe, source: source, target: target)
      state.connections[pipe.id] = connection
      state.route(connection)
      return pipe
    }
    return MemoryEnd(pipe, .opener, on: self)
  }

  /// Forgets a connection if it is over.
  func release(_ pipe: MemoryPipe) {
    guard pipe.isOver else { return }
    state.withLock { state in
      state.connections[pipe.id] = nil
    }
  }
}

extension MemorySwitch.State {
  /// Lets a connection get to its listener, if there is a way.
  fileprivate mutating func route(_ connection: MemorySwitch.Connection) {
    let pipe = connection.pipe
    let (source, target) = (connection.source, connection.target)
    let cut = (out: isCut(source, target), back: isCut(target, source))
    pipe.setCut(fromOpener: cut.out, fromAcceptor: cut.back)
    // Its answer has to come back as well.
    let isWaiting = cut.out || cut.back
    connections[pipe.id]?.isWaiting = isWaiting
    guard !isWaiting else { return }
    if backlogs[target]?.push(pipe) != true { pipe.refuse() }
  }

  /// Applies the cuts as they are now; done under the lock, so that two changes never mix.
  fileprivate mutating func applyCuts() {
    for connection in Array(connections.values) {
      if connection.isWaiting {
        route(connection)
      } else {
        connection.pipe.setCut(
          fromOpener: isCut(connection.source, connection.target),
          fromAcceptor: isCut(connection.target, connection.source)
        )
      }
    }
  }
}

// Cuts.
extension MemorySwitch {
  /// Makes a cut; returns what ends it.
  package func cut(_ cut: MemoryCut) -> UInt64 {
    state.withLock { state in
      state.lastID += 1
      state.cuts[state.lastID] = cut
      state.applyCuts()
      return state.lastID
    }
  }

  /// Ends a cut; others may still stand.
  package func heal(_ id: UInt64) {
    state.withLock { state in
      state.cuts[id] = nil
      state.applyCuts()
    }
  }

  /// Ends all cuts.
  package func healAll() {
    state.withLock { state in
      state.cuts = [:]
      state.applyCuts()
    }
  }
}
