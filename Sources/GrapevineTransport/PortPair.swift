internal import Glibc
package import GrapevineCore

/// A UDP and a TCP socket on one address and one port, or the TCP socket alone.
package struct PortPair: Sendable {
  /// Nil where nothing goes by UDP.
  package let datagrams: DatagramSocket?
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

  /// Binds the TCP socket alone; with port 0 the system chooses the port.
  package init(bindingStreamsOnly endpoint: Endpoint) throws(SystemError) {
    datagrams = nil
    listener = try StreamListener(bind: endpoint)
  }

  /// Keeps the TCP socket alone.
  package init(listener: StreamListener) {
    datagrams = nil
    self.listener = listener
  }

  /// Takes over a TCP socket that someone else has bound.
  package init(listener: CInt) throws(SystemError) {
    datagrams = nil
    self.listener = try StreamListener(adopting: listener)
  }

  /// Takes over two sockets that someone else has bound to one address and port.
  ///
  /// - Throws: an error that names the descriptor. Of the two what is such a socket is closed then,
  ///   and what is none is left alone.
  package init(datagrams: CInt, listener: CInt) throws(SystemError) {
    let adopted: DatagramSocket
    do {
      adopted = try DatagramSocket(adopting: datagrams)
    } catch {
      _ = try? StreamListener(adopting: listener)
      throw error
    }
    self.datagrams = adopted
    self.listener = try StreamListener(adopting: listener)
    guard adopted.boundEndpoint == self.listener.boundEndpoint else {
      throw SystemError(
        code: EINVAL,
        operation: "use two sockets on \(adopted.boundEndpoint) and "
          + "\(self.listener.boundEndpoint), which are to be one address and port"
      )
    }
  }

  /// The address that the sockets are bound to.
  package var endpoint: Endpoint { listener.boundEndpoint }
}
