internal import GrapevineCore

/// The datagrams that wait at one address of a memory network.
final class MemoryMailbox: Sendable {
  let endpoint: Endpoint
  let signal: MemorySignal
  private let state = Locked(State())

  /// The room for datagrams that wait, as a socket's in the kernel.
  private static let sizeLimit = 1 << 20
  /// What a datagram takes of it beside its bytes, so that their number has a limit too.
  private static let overhead = 256

  struct Datagram {
    let source: Endpoint
    let bytes: [UInt8]
  }

  private struct State {
    var datagrams: [Datagram] = []
    var size = 0
  }

  init(endpoint: Endpoint) throws(SystemError) {
    self.endpoint = endpoint
    signal = try MemorySignal()
  }

  /// Adds a datagram; says whether there was room.
  func put(_ datagram: Datagram) -> Bool {
    state.withLock { state in
      let size = datagram.bytes.count + Self.overhead
      guard state.size + size <= Self.sizeLimit else { return false }
      state.size += size
      state.datagrams.append(datagram)
      signal.set(true)
      return true
    }
  }

  /// Takes the first datagrams.
  func take(atMost limit: Int) -> [Datagram] {
    state.withLock { state in
      let taken = Array(state.datagrams.prefix(limit))
      state.datagrams.removeFirst(taken.count)
      state.size -= taken.reduce(0) { $0 + $1.bytes.count + Self.overhead }
      signal.set(!state.datagrams.isEmpty)
      return taken
    }
  }
}

/// What a node holds of an address for datagrams; it is free again when this goes.
package final class MemoryDatagrams: Sendable {
  let network: MemorySwitch
  let mailbox: MemoryMailbox

  init(bind endpoint: Endpoint, on network: MemorySwitch) throws(SystemError) {
    self.network = network
    mailbox = try network.bindMailbox(to: endpoint)
  }

  deinit {
    network.unbind(mailbox)
  }
}

extension MemoryDatagrams {
  /// Sends what is in the box; returns how many were too large for UDP, and were dropped.
  func send(_ outbox: DatagramOutbox) -> Int {
    var tooLargeCount = 0
    outbox.forEach { destination, bytes in
      if bytes.count <= Self.sizeLimit(isIPv6: destination.isIPv6) {
        let copy = bytes.withUnsafeBufferPointer { Array($0) }
        network.send(copy, from: mailbox.endpoint, to: destination)
      } else {
        tooLargeCount += 1
      }
    }
    return tooLargeCount
  }

  /// The largest UDP payload, which is less over IPv4.
  private static func sizeLimit(isIPv6: Bool) -> Int { isIPv6 ? 65_527 : 65_507 }
}
