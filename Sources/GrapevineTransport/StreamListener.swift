internal import Glibc
package import GrapevineCore

/// A TCP socket that takes connections and never blocks, or what stands for one on a memory
/// network.
package final class StreamListener: Sendable {
  /// The socket; on a memory network what is readable while somebody waits.
  let descriptor: Descriptor
  /// The place on a memory network; nil for a socket of the kernel.
  let memory: MemoryListening?
  /// The address that the socket is bound to, its port never zero.
  package let boundEndpoint: Endpoint

  /// Connections that may wait to be accepted: a whole cluster can come at once.
  private static let backlog: CInt = 1_024

  /// Binds and listens; port 0 takes any that is free.
  package init(bind endpoint: Endpoint) throws(SystemError) {
    let descriptor = try System.socket(isIPv6: endpoint.isIPv6, type: System.streamType)
    if endpoint.isIPv6 {
      try System.setOption(
        descriptor,
        CInt(IPPROTO_IPV6),
        IPV6_V6ONLY,
        to: endpoint.isUnspecified ? 0 : 1
      )
    }
    // Connections of an earlier process may still wait out their end on this port.
    try System.setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, to: 1)
    try System.bind(descriptor, to: endpoint)
    do {
      try System.listen(descriptor, backlog: Self.backlog)
    } catch {
      throw error.during("listen \(endpoint)")
    }
    boundEndpoint = try System.boundEndpoint(of: descriptor)
    memory = nil
    self.descriptor = descriptor
  }

  /// The room, each way, of the connections that a node takes on a memory network.
  private static let memoryCapacity = 65_536

  /// Listens on a memory network.
  package init(bind endpoint: Endpoint, on network: MemorySwitch) throws(SystemError) {
    let signal = try MemorySignal()
    descriptor = try signal.makeDescriptor()
    let memory = try MemoryListening(
      bind: endpoint,
      on: network,
      capacity: Self.memoryCapacity,
      signal: signal
    )
    boundEndpoint = memory.backlog.endpoint
    self.memory = memory
  }

  /// Takes over a socket that someone else has bound, and closes it if it won't do.
  package init(adopting raw: CInt) throws(SystemError) {
    let descriptor = try System.adopt(raw, type: System.streamType)
    if try System.option(descriptor, SOL_SOCKET, SO_ACCEPTCONN) == 0 {
      try System.listen(descriptor, backlog: Self.backlog)
    }
    boundEndpoint = try System.boundEndpoint(of: descriptor)
    memory = nil
    self.descriptor = descriptor
  }

  /// Takes the next connection; nil if nobody waits.
  ///
  /// - Throws: an error of one connection, or of the process where `isExhaustion` says so; then
  ///   a pause is due, since the connection goes on waiting.
  package func accept() throws(SystemError) -> (connection: StreamConnection, source: Endpoint)? {
    if let memory { return try memory.accept() }
    guard let accepted = try System.accept(descriptor) else { return nil }
    let source = accepted.source
    return (StreamConnection(accepted), source)
  }
}
