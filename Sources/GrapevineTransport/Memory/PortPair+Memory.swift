package import GrapevineCore

extension PortPair {
  /// Binds both on a memory network, which chooses in place of the address that stands for all, and
  /// of port 0.
  ///
  /// - Throws: an error that names the address.
  package init(bind endpoint: Endpoint, on network: MemorySwitch) throws(SystemError) {
    let datagrams = try DatagramSocket(bind: endpoint, on: network)
    listener = try StreamListener(bind: datagrams.boundEndpoint, on: network)
    self.datagrams = datagrams
  }

  /// Begins to connect to where the sockets lead, from their address.
  ///
  /// - Throws: what is known at once, such as that there is no way.
  package func connect(to endpoint: Endpoint) throws(SystemError) -> StreamConnection {
    guard let memory = listener.memory else {
      return try StreamConnection(connectingTo: endpoint, from: self.endpoint)
    }
    return try StreamConnection(connectingTo: endpoint, from: self.endpoint, on: memory.network)
  }
}
