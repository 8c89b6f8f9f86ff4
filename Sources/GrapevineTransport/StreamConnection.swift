internal import CGrapevineLinux
internal import Glibc
package import GrapevineCore

/// A TCP connection that never blocks, with a queue of chunks that wait to be sent; or what stands
/// for one on a memory network.
///
/// It belongs to the thread of its event loop.
package final class StreamConnection {
  /// The socket; on a memory network what is readable while the end is ready for what is watched.
  let descriptor: Descriptor
  /// The end of a pipe on a memory network; nil for a socket of the kernel.
  let memory: MemoryEnd?
  private var chunks = ChunkQueue()

  /// What came of a read.
  package enum ReadOutcome: Hashable, Sendable {
    /// So many bytes are in the buffer.
    case bytes(Int)
    /// Nothing is there now.
    case nothing
    /// The peer has sent all that it will.
    case ended
  }

  /// Begins to connect; the connection is there, or has failed, when it turns writable.
  ///
  /// - Parameters:
  ///   - endpoint: where to.
  ///   - source: the address to come from; its port does not matter, and an unspecified address
  ///     or one of the other family leaves the choice to the system.
  /// - Throws: what is known at once, such as that there is no way.
  package init(connectingTo endpoint: Endpoint, from source: Endpoint? = nil) throws(SystemError) {
    descriptor = try System.socket(isIPv6: endpoint.isIPv6, type: System.streamType)
    memory = nil
    Self.disableDelay(descriptor)
    if let source, !source.isUnspecified, source.isIPv6 == endpoint.isIPv6 {
      // Else the port would be taken for this address alone, and not for the pair of both.
      try? System.setOption(
        descriptor,
        CInt(IPPROTO_IP),
        Self.bindAddressWithoutPort,
        to: 1
      )
      try System.bind(descriptor, to: source.with(port: 0))
    }
    do {
      _ = try System.connect(descriptor, SocketAddress(endpoint, isIPv6: endpoint.isIPv6))
    } catch {
      throw error.during("connect \(endpoint)")
    }
  }

  /// Takes over a connection that a listener accepted.
  init(_ accepted: consuming AcceptedStream) {
    descriptor = accepted.takeDescriptor()
    memory = nil
    Self.disableDelay(descriptor)
  }

  /// Begins to connect on a memory network.
  package init(
    connectingTo endpoint: Endpoint,
    from source: Endpoint,
    on network: MemorySwitch
  ) throws(SystemError) {
    let signal = try MemorySignal()
    descriptor = try signal.makeDescriptor()
    let end = network.connect(to: endpoint, from: source)
    end.attach(signal)
    memory = end
  }

  /// Takes over the end of a pipe whose signal the descriptor tells.
  init(_ end: MemoryEnd, _ descriptor: consuming Descriptor) {
    memory = end
    self.descriptor = descriptor
  }

  /// `IP_BIND_ADDRESS_NO_PORT`, which the Glibc module lacks.
  private static let bindAddressWithoutPort: CInt = 24

  /// Frames are written whole, so waiting for more would only delay the last piece of each.
  private static func disableDelay(_ descriptor: borrowing Descriptor) {
    try? System.setOption(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, to: 1)
  }
}

extension StreamConnection {
  /// The bytes that wait for the socket to take them.
  package var queuedByteCount: Int { chunks.byteCount }

  /// The number of chunks that wait to be written, in part at least.
  package var queuedChunkCount: Int { chunks.chunkCount }

  /// Has the kernel hold few bytes of it, and give it up when these wait too long for the peer.
  ///
  /// - Parameters:
  ///   - size: about how many bytes the kernel is to hold that were not sent yet.
  ///   - stallLimit: how long bytes may wait to be taken or acknowledged by the peer.
  package func limitSending(bufferSize size: Int, stallLimit: Duration) {
    guard memory == nil else { return }
    try? System.setOption(descriptor, SOL_SOCKET, SO_SNDBUF, to: CInt(clamping: size))
    let milliseconds = CInt(clamping: stallLimit.wholeNanoseconds / 1_000_000)
    try? System.setOption(descriptor, CInt(IPPROTO_TCP), Self.userTimeout, to: milliseconds)
  }

  /// `TCP_USER_TIMEOUT`, which the Glibc module lacks.
  private static let userTimeout: CInt = 18

  /// Throws why the connection could not be made; to be asked once it is writable.
  package func checkConnected() throws(SystemError) {
    if let memory { return try memory.checkConnected() }
    let code = try System.option(descriptor, SOL_SOCKET, SO_ERROR)
    guard code == 0 else { throw SystemError(code: code, operation: "connect") }
  }

  /// Adds bytes to the queue without copying them.
  package func enqueue(_ bytes: [UInt8]) {
    chunks.append(bytes)
  }

  /// Forgets what is queued.
  package func discardQueue() {
    chunks = ChunkQueue()
  }

  /// Hands queued chunks to the socket, as many as it takes; returns the number of bytes it took.
  package func flush() throws(SystemError) -> Int {
    var total = 0
    while chunks.byteCount > 0 {
      let (taken, offered) = try chunks.withPieces { pieces, size throws(SystemError) in
        if let memory { return (try memory.write(pieces), size) }
        return (try System.send(descriptor, pieces) ?? 0, size)
      }
      chunks.removeFirst(taken)
      total += taken
      // A socket that took less than it was offered is full.
      guard taken == offered else { break }
    }
    return total
  }

  /// Takes what has arrived, at most the size of `buffer`.
  package func read(
    into buffer: UnsafeMutableBufferPointer<UInt8>
  ) throws(SystemError) -> ReadOutcome {
    if let memory { return try memory.read(into: buffer) }
    guard let count = try System.receive(descriptor, into: UnsafeMutableRawBufferPointer(buffer))
    else { return .nothing }
    return count == 0 ? .ended : .bytes(count)
  }

  /// Sees to it that closing forgets what is unsent and tells the peer of a reset, not of an end.
  package func resetOnClose() {
    if let memory {
      memory.resetOnClose()
    } else {
      try? System.resetOnClose(descriptor)
    }
  }

  /// Tells the peer that no more bytes will come; reading goes on.
  package func shutdownSending() throws(SystemError) {
    if let memory { return try memory.finishWriting() }
    try System.shutdownSending(descriptor)
  }
}
