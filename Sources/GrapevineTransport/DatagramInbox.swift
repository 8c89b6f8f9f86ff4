internal import CGrapevineLinux
internal import Glibc
package import GrapevineCore

/// Room for one batch of received datagrams of any size, used again and again.
///
/// It belongs to an event loop and serves all sockets there. It spans 4 MiB, of which only the
/// pages that datagrams have touched are ever given memory: about 256 KiB where all are small.
package final class DatagramInbox {
  /// The most datagrams that one call takes.
  package static let capacity = 64
  /// The largest UDP payload over IPv4 is 65,507 bytes, over IPv6 65,527.
  private static let slotSize = 65_536
  /// Slots that lie whole pages apart would share the same few lines of the processor's cache.
  private static let slotStride = slotSize + 64

  private let bytes: UnsafeMutablePointer<UInt8>
  private let pieces: UnsafeMutablePointer<iovec>
  private let addresses: UnsafeMutablePointer<sockaddr_in6>
  private let messages: UnsafeMutableBufferPointer<grapevine_message>

  /// The number of datagrams in the batch.
  package private(set) var count = 0

  package init() {
    bytes = .allocate(capacity: Self.capacity * Self.slotStride)
    pieces = .allocate(capacity: Self.capacity)
    addresses = .allocate(capacity: Self.capacity)
    messages = .allocate(capacity: Self.capacity)
    addresses.initialize(repeating: sockaddr_in6(), count: Self.capacity)
    for index in 0..<Self.capacity {
      let slot = iovec(iov_base: bytes + index * Self.slotStride, iov_len: Self.slotSize)
      (pieces + index).initialize(to: slot)
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
    bytes.deallocate()
  }
}

extension DatagramInbox {
  /// Replaces the batch by what waits at `socket`, which may be nothing.
  package func receive(from socket: DatagramSocket) throws(SystemError) {
    count = 0
    if let memory = socket.memory {
      for datagram in memory.mailbox.take(atMost: Self.capacity) {
        append(datagram.bytes.span, from: datagram.source)
      }
      return
    }
    for index in 0..<Self.capacity {
      messages[index].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in6>.size)
    }
    count = try System.receive(socket.descriptor, into: messages) ?? 0
  }

  /// Forgets the batch.
  package func removeAll() {
    count = 0
  }

  /// Adds to the batch a datagram that came in another way than by a socket.
  package func append(_ datagram: Span<UInt8>, from source: Endpoint) {
    precondition(count < Self.capacity && datagram.count <= Self.slotSize)
    let slot = UnsafeMutableRawBufferPointer(
      start: bytes + count * Self.slotStride,
      count: datagram.count
    )
    datagram.withUnsafeBytes { slot.copyMemory(from: $0) }
    messages[count].length = CUnsignedInt(datagram.count)
    messages[count].header.msg_flags = 0
    _ = source.write(to: addresses + count, isIPv6: source.isIPv6)
    count += 1
  }

  /// Says whether the datagram was larger than its buffer; such a one is to be dropped.
  package func isTruncated(at index: Int) -> Bool {
    precondition(index < count)
    return messages[index].header.msg_flags & CInt(MSG_TRUNC) != 0
  }

  /// Where the datagram came from.
  package func source(at index: Int) -> Endpoint? {
    precondition(index < count)
    let address = UnsafeRawPointer(addresses + index)
    return Endpoint(address.assumingMemoryBound(to: sockaddr.self))
  }

  /// Lends the datagram's bytes.
  package func withDatagram<Result>(at index: Int, _ body: (Span<UInt8>) -> Result) -> Result {
    precondition(index < count)
    let slot = bytes + index * Self.slotStride
    return body(Span(_unsafeStart: UnsafePointer(slot), count: Int(messages[index].length)))
  }
}
