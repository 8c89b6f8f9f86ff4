internal import GrapevineCore
internal import GrapevineSimulation

/// Runs in which everything is drawn from a seed.
enum Simulate {
  /// How many seeds must take every rare path among them.
  static let smokeCount = 50

  /// Runs what the options ask for.
  ///
  /// - Returns: the exit status: 0; 1 when a run did not converge; 3 when a promise was broken; 4
  ///   when a rare path was never taken.
  static func run(_ options: Options) throws -> CInt {
    guard !options.listsFaults else {
      StandardOutput.write(faultLines.joined(separator: "\n") + "\n")
      return 0
    }
    plant(options.plantedFault)
    TrapReport.install()
    let file = try Evaluation.jsonFile(options)
    let begin = (MachineClock.now, MachineClock.processorTime)
    let tally = options.givenSeeds == nil ? runOne(options) : try runMany(options)
    let time = TimeTaken(
      wall: Double(MachineClock.now.since(begin.0)) / 1e9,
      processor: Double(MachineClock.processorTime.since(begin.1)) / 1e9
    )
    StandardOutput.write(lines(tally, options, time).joined(separator: "\n") + "\n")
    try file?.write(json(tally, options).text + "\n")
    return status(tally, options)
  }

  /// The exit status that a campaign ends with.
  static func status(_ tally: Tally, _ options: Options) -> CInt {
    switch tally.firstFailure?.failure.kind {
    case .brokenInvariant: 3
    case .noConvergence: 1
    case nil: missesPaths(tally, options) ? 4 : 0
    }
  }

  /// Says whether a rare path was not taken that should have been.
  static func missesPaths(_ tally: Tally, _ options: Options) -> Bool {
    let isNarrowed =
      options.givenNodes != nil || options.givenDuration != nil || options.plantedFault != nil
    return !isNarrowed && tally.seedCount >= smokeCount && !tally.neverHit.isEmpty
  }

  private static func runOne(_ options: Options) -> Tally {
    let seed = options.seed
    var swarm = Campaign.swarm(seed, options)
    StandardOutput.write(heading(swarm).joined(separator: "\n") + "\n\n")
    // Line by line, so that those before a trap are there.
    if options.traces { swarm.trace = Trace { StandardOutput.write($0 + "\n") } }
    TrapReport.prepare(trapLine(seed, options))
    var tally = Tally()
    do throws(Swarm.Failure) {
      tally.add(try swarm.run(), seed: seed)
    } catch {
      tally.failures.append(Tally.Failed(index: 0, seed: seed, failure: error))
    }
    if options.traces { StandardOutput.write("\n") }
    TrapReport.prepare(nil)
    return tally
  }

  private static func runMany(_ options: Options) throws(EvaluationError) -> Tally {
    let count = options.givenSeeds ?? 1
    let last = options.seed &+ UInt64(count - 1)
    StandardOutput.write("simulate: seeds \(hex(options.seed)) to \(hex(last))\n\n")
    let progress = Progress(isTerminal: StandardError.isTerminal)
    defer { progress.finish() }
    return try Campaign(options).run(progress)
  }
}

// Commands to paste.
extension Simulate {
  static func hex(_ seed: UInt64) -> String { "0x" + String(seed, radix: 16) }

  /// The program's call, as it stands in a shell.
  static func command(ofBuildWithFaults hasFaults: Bool) -> String {
    hasFaults
      ? "swift run -c release --traits PlantedFaults --scratch-path .build-faults eval"
      : "swift run -c release eval"
  }

  /// What runs one seed again, with the options that were given.
  static func replay(_ seed: UInt64, _ options: Options) -> String {
    var words = [command(ofBuildWithFaults: options.plantedFault != nil), "simulate"]
    words += ["--seed", hex(seed)]
    if let nodes = options.givenNodes { words += ["--nodes", "\(nodes)"] }
    if let duration = options.givenDuration { words += ["--duration", ValueText.text(duration)] }
    if let fault = options.plantedFault { words += ["--fault", fault.rawValue] }
    return words.joined(separator: " ")
  }

  /// What is said of a seed that traps.
  static func trapLine(_ seed: UInt64, _ options: Options) -> String {
    "\nfailed: seed \(hex(seed)) trapped; it is replayed by\n  \(replay(seed, options))\n"
  }
}

// Planted faults.
extension Simulate {
  static var canPlantFaults: Bool {
    #if PlantedFaults
      true
    #else
      false
    #endif
  }

  private static func plant(_ fault: PlantedFault?) {
    #if PlantedFaults
      PlantedFault.current = fault
    #else
      precondition(fault == nil, "the arguments were not checked")
    #endif
  }

  private static var faultLines: [String] {
    var table = TextTable(header: ["fault", "what goes wrong"], alignsLeft: true)
    for fault in PlantedFault.allCases { table.add([fault.rawValue, fault.reason]) }
    let hint = canPlantFaults ? [] : ["", "they take a build of their own:"]
    let command = canPlantFaults ? [] : ["  \(command(ofBuildWithFaults: true)) simulate --fault …"]
    return table.lines + hint + command
  }
}
