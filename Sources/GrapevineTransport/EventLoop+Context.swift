internal import CGrapevineLinux
package import GrapevineCore

extension EventLoop {
  /// The loop as a client sees it while it is called.
  ///
  /// It is not `Sendable`, so it can't leave the loop's thread.
  package final class Context {
    /// Room for received datagrams, shared by all clients.
    package let inbox = DatagramInbox()
    /// Room for datagrams to send, shared by all clients; empty between calls.
    package let outbox = DatagramOutbox()
    /// Room for what a stream brings, shared by all clients.
    package let streamBuffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 65_536)

    private let shared: Shared
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private var clients: [ClientID: Client] = [:]
    private var deadlines = DeadlineHeap()

    private struct Slot {
      var generation: UInt32 = 0
      var owner: (client: any EventLoopClient, id: ClientID, source: UInt64)?
      /// What the descriptor is a signal of; nil where it tells itself what it is ready for.
      var end: MemoryEnd?
    }

    /// Which instance of epoll watches a descriptor.
    private enum Watch {
      case datagrams
      case streams
    }

    private struct Client {
      let client: any EventLoopClient
      var registrationCount = 0
    }

    init(_ shared: Shared) {
      self.shared = shared
    }

    deinit {
      streamBuffer.deallocate()
    }
  }
}

// What clients call.
extension EventLoop.Context {
  /// Sets the client's deadline in place of the one that it had; `never` for none.
  package func setDeadline(_ deadline: Instant, for client: ClientID) {
    guard clients[client] != nil else { return }
    deadlines.set(deadline, for: client)
  }

  /// Watches a socket for a client, to which `source` says which of its own it is.
  package func register(
    _ socket: DatagramSocket,
    _ interest: Interest,
    as source: UInt64,
    for client: ClientID
  ) throws(SystemError) -> RegistrationID {
    try register(socket.descriptor, interest, source, client, by: .datagrams)
  }

  /// Watches a listener for a client.
  package func register(
    _ listener: StreamListener,
    _ interest: Interest,
    as source: UInt64,
    for client: ClientID
  ) throws(SystemError) -> RegistrationID {
    try register(listener.descriptor, interest, source, client, by: .streams)
  }

  /// Watches a connection for a client.
  package func register(
    _ connection: StreamConnection,
    _ interest: Interest,
    as source: UInt64,
    for client: ClientID
  ) throws(SystemError) -> RegistrationID {
    guard let end = connection.memory else {
      return try register(connection.descriptor, interest, source, client, by: .streams)
    }
    let id = try register(connection.descriptor, .readable, source, client, by: .streams)
    slots[id.slot].end = end
    end.watch(interest)
    return id
  }

  /// Changes what a listener is watched for.
  package func setInterest(
    _ interest: Interest,
    of listener: StreamListener,
    _ id: RegistrationID
  ) {
    setInterest(interest, listener.descriptor, id)
  }

  /// Changes what a connection is watched for.
  package func setInterest(
    _ interest: Interest,
    of connection: StreamConnection,
    _ id: RegistrationID
  ) {
    if let end = connection.memory {
      end.watch(interest)
    } else {
      setInterest(interest, connection.descriptor, id)
    }
  }

  /// Stops watching a socket; no event of it comes any more.
  package func deregister(_ socket: DatagramSocket, _ id: RegistrationID) {
    deregister(socket.descriptor, id, by: .datagrams)
  }

  /// Stops watching a listener.
  package func deregister(_ listener: StreamListener, _ id: RegistrationID) {
    deregister(listener.descriptor, id, by: .streams)
  }

  /// Stops watching a connection.
  package func deregister(_ connection: StreamConnection, _ id: RegistrationID) {
    deregister(connection.descriptor, id, by: .streams)
  }

  private func register(
    _ descriptor: borrowing Descriptor,
    _ interest: Interest,
    _ source: UInt64,
    _ client: ClientID,
    by watch: Watch
  ) throws(SystemError) -> RegistrationID {
    guard let owner = clients[client]?.client else {
      preconditionFailure("\(client) is not on this loop")
    }
    let index = freeSlots.popLast() ?? slots.count
    if index == slots.count { slots.append(Slot()) }
    let id = RegistrationID(slot: index, generation: slots[index].generation)
    do {
      switch watch {
      case .datagrams: try shared.epoll.add(descriptor, interest, as: id)
      case .streams: try shared.streams.add(descriptor, interest, as: id)
      }
    } catch {
      freeSlots.append(index)
      throw error
    }
    slots[index].owner = (owner, client, source)
    clients[client]?.registrationCount += 1
    return id
  }

  private func setInterest(
    _ interest: Interest,
    _ descriptor: borrowing Descriptor,
    _ id: RegistrationID
  ) {
    do {
      try shared.streams.modify(descriptor, interest, as: id)
    } catch {
      preconditionFailure("a descriptor that is watched can't be watched otherwise: \(error)")
    }
  }

  private func deregister(
    _ descriptor: borrowing Descriptor,
    _ id: RegistrationID,
    by watch: Watch
  ) {
    guard let owner = slots[id.slot].owner, slots[id.slot].generation == id.generation else {
      preconditionFailure("\(id) was ended before")
    }
    do {
      switch watch {
      case .datagrams: try shared.epoll.remove(descriptor, id)
      case .streams: try shared.streams.remove(descriptor, id)
      }
    } catch {
      preconditionFailure("a descriptor that is watched can't be let go: \(error)")
    }
    clients[owner.id]?.registrationCount -= 1
    slots[id.slot].owner = nil
    slots[id.slot].end = nil
    slots[id.slot].generation &+= 1
    freeSlots.append(id.slot)
  }
}

// What the loop's thread calls.
extension EventLoop.Context {
  var clientCount: Int { clients.count }
  var earliestDeadline: Instant { deadlines.earliest }

  func add(_ client: any EventLoopClient, as id: ClientID) throws(SystemError) {
    clients[id] = Client(client: client)
    do {
      try client.attach(to: self, as: id)
    } catch {
      forget(id)
      throw error
    }
  }

  func remove(_ id: ClientID) {
    guard let record = clients[id] else { return }
    record.client.detach(from: self)
    forget(id)
  }

  func poke(_ id: ClientID) {
    clients[id]?.client.poked(in: self)
  }

  /// Calls the client whose deadline passed first; returns false if none has passed.
  func fireDeadline(at now: Instant) -> Bool {
    guard let id = deadlines.removeDue(at: now) else { return false }
    clients[id]?.client.deadlineReached(in: self)
    return true
  }

  /// Calls the client whose descriptor is ready, unless its registration has ended.
  func dispatch(_ id: RegistrationID, _ readiness: Readiness) {
    guard id.slot < slots.count, slots[id.slot].generation == id.generation,
      let owner = slots[id.slot].owner
    else { return }
    let end = slots[id.slot].end
    owner.client.ready(owner.source, end?.readiness ?? readiness, in: self)
  }

  private func forget(_ id: ClientID) {
    let record = clients.removeValue(forKey: id)
    deadlines.set(.never, for: id)
    precondition(
      record?.registrationCount == 0,
      "a client left and forgot to end its registrations"
    )
  }
}
