internal import Glibc
package import GrapevineCore

/// A UDP and a TCP socket on one address and one port.
package struct PortPair: Sendable {
  package let datagrams: DatagramSocket
  package let listener: StreamListener

  /// How often another port is tried where the one that the system gave for UDP is taken for TCP.
  private static let attemptLimit = 32

  /// Binds both sockets; with port 0 the system chooses the port.
  ///
  /// - Throws: the error of the last attempt, which names the address.
  package init(bind endpoint: Endpoint) throws(SystemError) {
    var attempt = 1
    while true {
      let datagrams = try DatagramSocket(bind: endpoint)
      do {
        listener = try StreamListener(bind: datagrams.boundEndpoint)
        self.datagrams = datagrams
        return
      } catch {
        guard endpoint.port == 0, error.code == EADDRINUSE, attempt < Self.attemptLimit else {
          throw error
        }
        attempt += 1
      }
    }
  }

  /// The address that both are bound to.
  package var endpoint: Endpoint { datagrams.boundEndpoint }
}
