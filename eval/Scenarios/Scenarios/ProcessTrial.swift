internal import Glibc
internal import GrapevineCore

/// One cluster of ``Processes``.
struct ProcessTrial {
  private let measurement: Measurement
  private let cluster: LoopbackCluster
  /// The nodes of this process.
  private let nodes: [Int]
  private let processes: [NodeProgram]

  private var options: Options { measurement.options }

  /// Starts the nodes of this process, then those that are processes, and waits until all know all.
  init(_ measurement: Measurement, program: String) throws {
    self.measurement = measurement
    let options = measurement.options
    cluster = try LoopbackCluster(options, seed: measurement.random.next())
    cluster.keepDownReports()
    nodes = try measurement.start(options.nodes - Processes.processCount, in: cluster)
    _ = try measurement.bootstrap(nodes, in: cluster, "starting")
    let address = "\(cluster.address(of: nodes[0]))"
    var processes: [NodeProgram] = []
    for number in 1...Processes.processCount {
      processes.append(
        try NodeProgram(
          program,
          name: "process-\(number)",
          joining: address,
          interval: options.interval
        )
      )
    }
    self.processes = processes
    let known = cluster.times(of: nodes, since: cluster.now, limit: measurement.patience) {
      [nodes] count in
      measurement.progress.report("\(count) of \(nodes.count) nodes know the processes")
    } until: { [cluster] in
      cluster.liveMemberCount(at: $0) == options.nodes
    }
    guard !known.contains(nil) else {
      throw EvaluationError(
        "not all nodes came to know all within \(ValueText.text(measurement.patience))"
          + Measurement.list(cluster.complaints + processes.compactMap(\.complaint))
      )
    }
  }

  /// Ends one of the processes, which nobody expects.
  func endProcess(_ index: Int) { processes[index].kill() }

  /// Watches the cluster at rest, then kills a process.
  func run() throws -> Processes.Finding {
    let title = "at \(ValueText.text(options.interval))"
    var finding = Processes.Finding(interval: options.interval)
    try measurement.warmUp(cluster, title)
    let before = cluster.traffic(of: nodes)
    let begin = cluster.now
    // Enough heartbeats, that the few of a window's ends do not matter.
    cluster.sleep(max(options.duration, options.interval * 6)) { _ in
      measurement.progress.report("\(title): watching")
    }
    let seconds = Double(cluster.now.since(begin)) / 1e9
    let traffic = cluster.traffic(of: nodes) - before
    finding.traffic = traffic * (1 / (seconds * Double(nodes.count)))
    finding.memory = processes.map(\.resident)
    let victim = processes[0]
    try checkLife(of: victim, finding.memory)
    // What the processes say of it until then is wrong as well.
    let early = processes.reduce(0) { $0 + $1.reports { $0 == victim.name } }
    let killed = cluster.now
    try kill(victim, title, &finding)
    let wrong = cluster.downReports.count { $0.time < killed || $0.member.name != victim.name }
    finding.falseDown =
      processes.reduce(early + wrong) { $0 + $1.reports { $0 != victim.name } }
    for node in nodes { cluster.stop(node) }
    return finding
  }

  /// Makes sure that all processes live, and that all nodes of this one hold the victim live: its
  /// end would be no news to them.
  private func checkLife(of victim: NodeProgram, _ memory: [Int]) throws(EvaluationError) {
    // What is left of a process that has ended has no memory.
    for (process, size) in zip(processes, memory) where size <= 0 {
      let complaint = process.complaint.map { ": \($0)" } ?? ""
      throw EvaluationError("\(process.name) ended before it was to be killed\(complaint)")
    }
    let unsure = nodes.count { cluster.member(victim.name, at: $0)?.isLive != true }
    guard unsure == 0 else {
      throw EvaluationError(
        "\(unsure) of \(nodes.count) nodes do not hold \(victim.name) live before it is killed"
      )
    }
  }

  private func kill(
    _ victim: NodeProgram,
    _ title: String,
    _ finding: inout Processes.Finding
  ) throws(EvaluationError) {
    let begin = cluster.now
    victim.kill()
    let limit = measurement.patience
    let times = cluster.times(of: nodes, since: begin, limit: limit) { count in
      measurement.progress.report("\(title): \(count) of \(nodes.count) know of the killed one")
    } until: {
      cluster.isDown(victim.name, at: $0)
    }
    let known = times.compactMap { $0?.seconds }
    finding.firstSeconds = known.min()
    finding.allSeconds = known.count == nodes.count ? known.max() : nil
    let others = processes.filter { $0 !== victim }
    while cluster.now < begin + limit {
      if others.allSatisfy({ $0.reports { $0 == victim.name } > 0 }) {
        finding.othersSeconds = Double(cluster.now.since(begin)) / 1e9
        return
      }
      MachineClock.sleep(.milliseconds(10))
    }
  }
}

/// `eval node` in a process of its own, which is killed when nobody holds this any more.
final class NodeProgram {
  let name: String
  private let folder: TemporaryFolder
  private var program: ChildProgram?
  private var number = 0

  private var output: String { "\(folder.path)/output" }

  /// Starts a node that joins the one at an address.
  init(
    _ path: String,
    name: String,
    joining address: String,
    interval: Duration
  ) throws {
    self.name = name
    folder = try TemporaryFolder()
    let library = getenv("LD_LIBRARY_PATH").map { ["LD_LIBRARY_PATH=\(String(cString: $0))"] }
    let program = try ChildProgram(
      [
        path, "node", "--bind", "127.0.0.1:0", "--join", address, "--name", name,
        "--interval", ValueText.text(interval), "--json",
      ],
      environment: (library ?? []) + [ChildProgram.parentSetting],
      output: "\(folder.path)/output"
    )
    number = program.number
    self.program = consume program
  }

  deinit {
    kill()
  }
}

extension NodeProgram {
  /// Ends the process as kill -9 does.
  func kill() {
    guard let program = program.take() else { return }
    program.kill()
    _ = program.wait()
  }

  /// The resident memory of the process, in bytes; zero if there is no process.
  var resident: Int { ProcessMemory.resident(of: number) }

  /// How often it has told that a member is down whose name is one of those.
  func reports(of isMeant: (String) -> Bool) -> Int {
    guard let text = try? readFile(output) else { return 0 }
    return text.split(separator: "\n").count { line in
      guard let fields = try? JSON(text: String(line)), fields.member("event") == .string("down"),
        case .string(let name)? = fields.member("name")
      else { return false }
      return isMeant(name)
    }
  }

  /// What it has said of an error; nil if nothing.
  var complaint: String? {
    guard let text = try? readFile(output) else { return "\(name) has said nothing" }
    let line = text.split(separator: "\n").first { $0.contains("error") }
    return line.map { "\(name): \($0)" }
  }
}
