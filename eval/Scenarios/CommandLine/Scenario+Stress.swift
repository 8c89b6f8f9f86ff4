// The scenarios in which something goes wrong on purpose, or much is asked.
extension Scenario {
  /// The scenarios that repeat what they measure.
  static let withRuns: [Scenario] = [
    .propagate, .discover, .bootstrap, .detect, .sync, .partition, .compareDetection, .locks,
    .compare, .report, .scale,
  ]

  /// How it is measured, as lines of help; empty for others.
  var explanationOfStress: String {
    switch self {
    case .propagate, .discover, .bootstrap, .idle, .sync, .compareDetection, .shard,
      .bench, .scale, .processes, .compare, .report:
      ""
    case .simulate:
      """
      The production engine under the simulator, with the number of nodes, the network, all \
      limits, the work and the faults drawn from the seed, and every promise verified all the \
      time. For --duration nodes write, come, crash, sleep, leave and are cut off; then the \
      faults end in a core of the nodes, which must agree in bounded time. The seed may be a \
      commit's name. Exit status: 0; 1 when the core did not agree; 2 when the arguments are \
      wrong; 3 when a promise was broken; 4 when a rare path was never taken in 50 seeds and more; \
      a trap ends the process by its signal. Each failure prints the command that replays it. \
      docs/testing.md has more.
      """
    case .detect:
      """
      A steady cluster. In each run a node chosen by the seed is killed, and the time is taken at \
      which each of the others says that it is down; then a new node takes its place. With more \
      victims than one they are killed at the same moment, each run has a cluster of its own, and \
      a survivor counts once it says so of all. Pushes and the peak of packets are those of the \
      survivors from the kill until 1 s after the last one said so.
      """
    case .partition:
      """
      In each run a steady cluster is cut into sides chosen by the seed, all of which go on \
      writing. When the cut ends, the time is taken until all nodes hold the same and all are \
      live to all. Victims die in silence as the cut begins; then the tables are looked at once \
      more when all victims should have expired for longer than 10 intervals. Wrong is a report \
      of a live member by one of its own side. On loopback nothing new passes the cut, but a \
      stream that is under way as it comes is not broken off.
      """
    case .churn:
      """
      A steady cluster in which every four intervals a node comes, dies in silence or with its \
      sockets closed, leaves, or starts again under its name, while a node chosen by the seed \
      writes each interval. The lag is a write's time until all hold it that were members then \
      and still live. A ghost is a member that is gone and still in some table 10 intervals after \
      it should have expired.
      """
    case .throughput:
      """
      A steady cluster in which one node overwrites its keys in turn, at a steady rate, and the \
      time is taken from the last write until each node holds it; then all values are compared. It \
      counts as a failure if fewer than 90 % of the updates that were asked for came about in time.
      """
    case .locks:
      """
      The production engine under the simulator, with the number of nodes and keys, the network \
      and the faults drawn from the seed. In each run 2 to 8 nodes hold the keys that they own, \
      and crash and start again; then nodes that all want all keys; then nodes that are split, \
      too. It counts as a failure if two nodes hold a key at one moment where there was no split, \
      if a key does not come to one holder within 12 s of the end of all faults, or if an epoch \
      does not grow.
      """
    }
  }
}
