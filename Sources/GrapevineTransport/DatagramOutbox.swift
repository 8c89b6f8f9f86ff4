internal import CGrapevineLinux
internal import Glibc
package import GrapevineCore

/// Datagrams on their way out, one after the other in one arena that is used again and again.
package final class DatagramOutbox {
  /// The most datagrams that one call to the system takes.
  package static let batchSize = 64
  /// What the arena keeps when it is emptied; a rare large batch does not hold its memory for ever.
  private static let keptArenaSize = 256 * 1_024

  /// The datagrams' bytes, end to end.
  private var arena: [UInt8] = []
  /// The room that `rewrite` puts the datagrams in.
  private var spareArena: [UInt8] = []
  private var entries: [(destination: Endpoint, end: Int)] = []

  private let pieces: UnsafeMutablePointer<iovec>
  private let addresses: UnsafeMutablePointer<sockaddr_in6>
  private let messages: UnsafeMutableBufferPointer<grapevine_message>

  package init() {
    pieces = .allocate(capacity: Self.batchSize)
    addresses = .allocate(capacity: Self.batchSize)
    messages = .allocate(capacity: Self.batchSize)
    pieces.initialize(repeating: iovec(), count: Self.batchSize)
    addresses.initialize(repeating: sockaddr_in6(), count: Self.batchSize)
    for index in 0..<Self.batchSize {
      var message = grapevine_message()
      message.header.msg_iov = pieces + index
      message.header.msg_iovlen = 1
      message.header.msg_name = UnsafeMutableRawPointer(addresses + index)
      messages.initializeElement(at: index, to: message)
    }
  }

  deinit {
    messages.deallocate()
    addresses.deallocate()
    pieces.deallocate()
  }
}

extension DatagramOutbox {
  /// The number of datagrams that wait.
  package var count: Int { entries.count }

  /// Adds the datagram that `write` appends to the arena, unless it returns nil; says whether it
  /// did.
  ///
  /// Where `isLost` says so, the datagram is dropped as if the network had lost it.
  package func append(
    isLost: (_ destination: Endpoint) -> Bool = { _ in false },
    _ write: (inout [UInt8]) -> Endpoint?
  ) -> Bool {
    let start = arena.count
    guard let destination = write(&arena) else { return false }
    precondition(arena.count >= start, "the datagrams before this one were cut")
    if isLost(destination) {
      arena.removeLast(arena.count - start)
    } else {
      entries.append((destination, arena.count))
    }
    return true
  }

  /// Puts what `body` appends in the place of each datagram; drops one where it returns false.
  package func rewrite(_ body: (_ old: Span<UInt8>, _ new: inout [UInt8]) -> Bool) {
    var old: [UInt8] = []
    swap(&old, &arena)
    swap(&arena, &spareArena)
    let datagrams = entries
    entries.removeAll(keepingCapacity: true)
    var start = 0
    for (destination, end) in datagrams {
      let newStart = arena.count
      if body(old.span.extracting(start..<end), &arena) {
        entries.append((destination, arena.count))
      } else {
        arena.removeLast(arena.count - newStart)
      }
      start = end
    }
    old.removeAll(keepingCapacity: old.capacity <= Self.keptArenaSize)
    spareArena = old
  }

  /// Sends all datagrams and empties the box; whatever fails is dropped and counted in `metrics`.
  ///
  /// A datagram for which the socket has no room is dropped too: to wait would only make it older.
  package func send(through socket: DatagramSocket, counting metrics: inout TransportMetrics) {
    if let memory = socket.memory {
      metrics.sendsTooLarge += memory.send(self)
      removeAll()
      return
    }
    arena.withUnsafeMutableBufferPointer { bytes in
      var first = 0
      while first < entries.count {
        let count = min(Self.batchSize, entries.count - first)
        fillVectors(first..<first + count, bytes, socket)
        first += sendBatch(count, through: socket, &metrics)
      }
    }
    removeAll()
  }

  /// Lends all datagrams, in their order, to `body`.
  package func forEach(_ body: (_ destination: Endpoint, _ bytes: Span<UInt8>) -> Void) {
    var start = 0
    for (destination, end) in entries {
      body(destination, arena.span.extracting(start..<end))
      start = end
    }
  }

  /// Forgets all datagrams.
  package func removeAll() {
    entries.removeAll(keepingCapacity: true)
    arena.removeAll(keepingCapacity: arena.capacity <= Self.keptArenaSize)
  }

  private func fillVectors(
    _ range: Range<Int>,
    _ bytes: UnsafeMutableBufferPointer<UInt8>,
    _ socket: DatagramSocket
  ) {
    var start = range.lowerBound == 0 ? 0 : entries[range.lowerBound - 1].end
    for (slot, index) in range.enumerated() {
      let entry = entries[index]
      pieces[slot].iov_base = bytes.baseAddress.map { UnsafeMutableRawPointer($0 + start) }
      pieces[slot].iov_len = entry.end - start
      messages[slot].header.msg_namelen =
        entry.destination.write(to: addresses + slot, isIPv6: socket.isIPv6)
      start = entry.end
    }
  }

  /// Sends the filled vectors' first `count` as far as one call goes; returns how many are dealt
  /// with.
  private func sendBatch(
    _ count: Int,
    through socket: DatagramSocket,
    _ metrics: inout TransportMetrics
  ) -> Int {
    do {
      let batch = UnsafeMutableBufferPointer(rebasing: messages[..<count])
      if let sent = try System.send(socket.descriptor, batch) { return sent }
      metrics.sendsWithoutRoom += count
      return count
    } catch {
      // The call fails for its first datagram only; those after it get their own chance.
      metrics.countFailedSend(error)
      return 1
    }
  }
}
