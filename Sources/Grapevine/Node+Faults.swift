package import GrapevineCore
package import GrapevineTransport

// Faults made on purpose, for evaluations on the loopback.
extension Node {
  /// Stops without a word, as a host does that loses its power: its sockets stay open, and nobody
  /// reads them or answers.
  package func fallSilent() {
    runtime.fallSilent()
  }

  /// Lets nothing pass to `endpoints` from now on, but over connections that stand already.
  package func setUnreachable(_ endpoints: Set<Endpoint>) {
    runtime.setUnreachable(endpoints)
  }

  /// What the node holds for others at this moment.
  package var holdings: Holdings { runtime.inspectEngine { engine, _ in engine.holdings } }

  /// What the sockets have counted: everything that went wrong there and ended nothing.
  package var transportMetrics: TransportMetrics { runtime.transportMetrics }
}
