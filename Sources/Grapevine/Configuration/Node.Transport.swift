extension Node {
  /// What a node's packets go by; all nodes of a cluster have the same.
  public enum Transport: Sendable, Hashable {
    /// Packets go by UDP, streams by TCP: less traffic, and no packet waits for one that was lost.
    case datagramsAndStreams

    /// All goes by TCP, for networks that drop UDP; no UDP socket is opened.
    ///
    /// Packets go over *tunnels*: connections that a node opens to those it has something for, and
    /// closes after 30 s without a packet. It holds at most 256 each way, of which the one that was
    /// used least recently gives way. As by UDP a packet may be lost: where nobody answers, or the
    /// peer takes less than it is sent.
    case streams
  }
}
