internal import Glibc
package import GrapevineCore

/// A UDP socket that is bound and never blocks, or what stands for one on a memory network.
///
/// Bound to `[::]` it takes and sends IPv4 as well. Any thread may send; the kernel orders the
/// calls.
package final class DatagramSocket: Sendable {
  /// The socket; on a memory network what is readable while datagrams wait.
  let descriptor: Descriptor
  /// The place on a memory network; nil for a socket of the kernel.
  let memory: MemoryDatagrams?
  /// Says whether addresses have to be given to the socket as IPv6 ones.
  let isIPv6: Bool
  /// The address that the socket is bound to, its port never zero.
  package let boundEndpoint: Endpoint

  /// The room that is asked for in the kernel for packets that wait, each way; the kernel may give
  /// less.
  private static let kernelBufferSize: CInt = 1 << 20

  /// Binds a socket; port 0 takes any that is free.
  package init(bind endpoint: Endpoint) throws(SystemError) {
    let descriptor = try System.socket(isIPv6: endpoint.isIPv6, type: System.datagramType)
    if endpoint.isIPv6 {
      try System.setOption(
        descriptor,
        CInt(IPPROTO_IPV6),
        IPV6_V6ONLY,
        to: endpoint.isUnspecified ? 0 : 1
      )
    }
    Self.enlargeBuffers(of: descriptor)
    try System.bind(descriptor, to: endpoint)
    boundEndpoint = try System.boundEndpoint(of: descriptor)
    isIPv6 = endpoint.isIPv6
    memory = nil
    self.descriptor = descriptor
  }

  /// Binds on a memory network, which chooses in place of the address that stands for all, and of
  /// port 0.
  package init(bind endpoint: Endpoint, on network: MemorySwitch) throws(SystemError) {
    let memory = try MemoryDatagrams(bind: endpoint, on: network)
    descriptor = try memory.mailbox.signal.makeDescriptor()
    boundEndpoint = memory.mailbox.endpoint
    isIPv6 = boundEndpoint.isIPv6
    self.memory = memory
  }

  /// Takes over a socket that someone else has bound, and closes it if it won't do.
  package init(adopting raw: CInt) throws(SystemError) {
    let descriptor = try System.adopt(raw, type: System.datagramType)
    Self.enlargeBuffers(of: descriptor)
    boundEndpoint = try System.boundEndpoint(of: descriptor)
    isIPv6 = try System.option(descriptor, SOL_SOCKET, SO_DOMAIN) == AF_INET6
    memory = nil
    self.descriptor = descriptor
  }

  /// A smaller buffer loses packets in a burst, as a network does: no reason to give up.
  private static func enlargeBuffers(of descriptor: borrowing Descriptor) {
    try? System.setOption(descriptor, SOL_SOCKET, SO_RCVBUF, to: kernelBufferSize)
    try? System.setOption(descriptor, SOL_SOCKET, SO_SNDBUF, to: kernelBufferSize)
  }
}
