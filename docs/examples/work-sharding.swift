import Grapevine

/// A worker that does its share of some jobs, each of which one worker at a time has.
struct Worker: Sendable {
  let node: Node
  let jobs: [String]

  /// Works until the task is cancelled, and then lets go of all jobs; `begin` is told of each.
  func run(_ begin: @escaping @Sendable (_ worker: String, _ job: String) -> Void) async throws {
    try await node.waitForSize(3)  // nobody takes all jobs in a cluster of one
    try await node.withLocks(prefix: "jobs") { ring in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for job in jobs {
          group.addTask {
            while !Task.isCancelled {
              let lock = try await ring.lock(job)  // once this worker owns it, and nobody has it
              begin(node.id.name, job)
              await lock.waitUntilLost()  // the work is done here, by lock.perform
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }
}

/// Three workers share six jobs; one goes, and the others take its jobs over.
@main
struct WorkSharding {
  static func main() async throws {
    let jobs = ["backups", "exports", "imports", "orders", "reports", "stock"]
    let (begun, continuation) = AsyncStream.makeStream(of: (worker: String, job: String).self)
    var nodes: [Node] = []
    var tasks: [String: Task<Void, any Error>] = [:]
    for name in ["worker-1", "worker-2", "worker-3"] {
      let node = try start(name)
      if let first = nodes.first { try await node.join([first.address.description]) }
      nodes.append(node)
      tasks[name] = Task {
        try await Worker(node: node, jobs: jobs).run { continuation.yield(($0, $1)) }
      }
    }

    var workers: [String: String] = [:]  // by job
    var gone: String?
    for await (worker, job) in begun {
      print("\(worker) works on \(job)")
      workers[job] = worker
      guard workers.count == jobs.count else { continue }
      if let gone {
        if !workers.values.contains(gone) { break }
      } else if Set(workers.values).count == 3 {
        gone = worker
        print("\(worker) ends its work")
        tasks[worker]?.cancel()
      }
    }
    for task in tasks.values { task.cancel() }
    for node in nodes { node.close() }
  }

  static func start(_ name: String) throws -> Node {
    var configuration = Node.Configuration()
    configuration.bind = "127.0.0.1:0"
    configuration.name = name
    return try Node(configuration)
  }
}
