import Pacing
import Testing

@testable import EvalScenarios

/// Clusters of many sizes beside the model.
@Suite(.computing, .timeLimit(.minutes(15))) struct ScaleTests {
  @Test(arguments: [(2, 1), (9, 1), (10, 2), (64, 2), (73, 2), (4_096, 4), (10_000, 5)])
  func `a push takes as many hops as its tree is deep`(nodes: Int, hops: Int) throws {
    let model = ScaleModel(try options("scale"))
    #expect(model.figures(of: nodes).hops == hops)
    #expect(model.figures(of: nodes).update == Double(hops))
  }

  @Test func `sizes are measured beside what is reckoned, and agree with it`() throws {
    let options = try options("scale", "--nodes=100", "--runs=2")
    let progress = Progress(isTerminal: false, write: { _ in })
    let outcome = try Evaluation.measured(options, progress)
    #expect(outcome.failures.isEmpty, "\(outcome.failures)")
    #expect(outcome.lines.count { $0.hasPrefix("  reckoned") } == 2)
    #expect(outcome.lines.contains { $0.hasPrefix("64 ") })
    #expect(outcome.lines.contains { $0.hasPrefix("100 ") })
    let model = ScaleModel(options)
    guard case .array(let sizes)? = outcome.figures.first?.value else {
      Issue.record("no figures of sizes")
      return
    }
    for (object, nodes) in zip(sizes, ScaleSweep.sizes) {
      guard case .object(let fields) = object,
        case .number(let bytes)? = fields.first(where: { $0.0 == "bytes_per_node_per_s" })?.1
      else {
        Issue.record("no bytes of \(nodes) nodes")
        continue
      }
      guard case .integer(let peak)? = object.member("peak_rss_bytes"),
        case .number(let seconds)? = object.member("wall_s")
      else {
        Issue.record("neither memory nor time of \(nodes) nodes")
        continue
      }
      #expect(peak > 1_000_000 && seconds > 0)
      let reckoned = model.figures(of: nodes).bytes
      #expect(abs(bytes - reckoned) < 0.05 * reckoned, "\(bytes) bytes, \(reckoned) reckoned")
    }
    guard case .array(let costs)? = outcome.figures.last?.value else {
      Issue.record("no figures of members")
      return
    }
    #expect(costs.count == 6)
    #expect(outcome.lines.contains { $0.hasPrefix("entries of a member") })
  }

  // What they take is measured in a process of its own: tests beside it allocate as well.
  @Test func `what a member takes beyond its own bytes is shared out among its entries`() throws {
    let costs = [
      MemberCost(entries: 0, bytesPerMember: 160), MemberCost(entries: 4, bytesPerMember: 360),
    ]
    #expect(
      costs.lines == [
        "entries of a member   bytes per member   per entry",
        "0                                  160           -",
        "4                                  360          50",
      ]
    )
    guard case .array(let objects) = costs.json else {
      Issue.record("not one object for each")
      return
    }
    #expect(objects.first?.member("bytes_per_entry") == nil)
    guard case .number(50)? = objects.last?.member("bytes_per_entry") else {
      Issue.record("no bytes of an entry")
      return
    }
  }

  @Test(arguments: [
    (64, [64]), (99, [64, 99]), (100, [64, 100]), (500, [64, 100, 500]),
    (1_000, [64, 100, 1_000]), (10_000, [64, 100, 1_000, 10_000]),
  ])
  func `the number that is asked for is measured, and the usual ones below`(
    nodes: Int,
    sizes: [Int]
  ) {
    #expect(ScaleSweep.sizes(upTo: nodes) == sizes)
  }

  @Test func `sizes that are not measured are refused in a sentence`() {
    #expect(failure(["scale", "--nodes=63"])?.contains("for scale it must be at least 64") == true)
    #expect(failure(["scale", "--nodes=10001"])?.contains("at most 10000") == true)
    #expect(failure(["scale", "--network=loopback"])?.contains("has no meaning for scale") == true)
    #expect(failure(["scale", "--loss=0.1"])?.contains("has no meaning for scale") == true)
  }
}
