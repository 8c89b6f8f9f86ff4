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

  /// Takes over two sockets that someone else has bound to one address and port.
  ///
  /// - Throws: an error that names the descriptor. Of the two what is such a socket is closed then,
  ///   and what is none is left alone.
  package init(datagrams: CInt, listener: CInt) throws(SystemError) {
    do {
      self.datagrams = try DatagramSocket(adopting: datagrams)
    } catch {
      _ = try? StreamListener(adopting: listener)
      throw error
    }
    self.listener = try StreamListener(adopting: listener)
    guard self.datagrams.boundEndpoint == self.listener.boundEndpoint else {
      throw SystemError(
        code: EINVAL,
        operation: "use two sockets on \(self.datagrams.boundEndpoint) and "
          + "\(self.listener.boundEndpoint), which are to be one address and port"
      )
    }
  }

  /// The address that both are bound to.
  package var endpoint: Endpoint { datagrams.boundEndpoint }
}
