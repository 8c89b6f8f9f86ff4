/// The page as a text of HTML that is XML as well, and that refers to nothing outside of itself.
struct Page: Sendable {
  let findings: Findings
  let options: Options
  /// What differs from one making to the next.
  let machine: MachineText

  var html: String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <title>Grapevine, measured</title>
    <style>
    \(PageStyle.text)
    </style>
    </head>
    <body>
    \(Page.marks)
    \(head)
    <main>
    \(failed)
    \(tiles)
    \(section("How an update spreads", findings.plotsOfSpreading))
    \(section("How soon a crash is known", findings.plotsOfCrashes))
    \(section("What it costs at rest", findings.plotsOfCosts))
    \(tables)
    </main>
    \(foot)
    </body>
    </html>

    """
  }

  /// The plots, in the order of the page.
  var plots: [Plot] {
    findings.plotsOfSpreading + findings.plotsOfCrashes + findings.plotsOfCosts
  }

  private func section(_ title: String, _ plots: [Plot]) -> String {
    """
    <section>
    <h2>\(title)</h2>
    <div class="plots">
    \(plots.map(\.html).joined(separator: "\n"))
    </div>
    </section>
    """
  }

  private var head: String {
    let runs = "\(options.runs), fewer above \(Report.usualSize) nodes"
    let rows = machine.rows + [("seed", "\(options.seed)"), ("runs", runs)]
    let items = rows.map {
      "<dt>\(PageText.escaped($0.name))</dt><dd>\(PageText.escaped($0.value))</dd>"
    }
    return """
      <header>
      <h1>Grapevine, measured</h1>
      <p>Simulated clusters of the production engine, each packet under way for \
      \(ValueText.text(findings.base.latency)), a heartbeat each \
      \(ValueText.text(findings.base.interval)) where nothing else is said; and real nodes on \
      127.0.0.1, all in one process, where the page says <span class="real">real sockets</span>. \
      What is simulated is the same each time that the seed is. Other systems were \
      \(Anchor.source), over real sockets without that latency: hollow marks and thin lines.</p>
      <dl class="about">
      \(items.joined(separator: "\n"))
      </dl>
      <pre>\(PageText.escaped(PageText.command(options.arguments)))</pre>
      </header>
      """
  }

  private var failed: String {
    let failures = findings.failures
    guard !failures.isEmpty else { return "" }
    let items = failures.map { "<li>\(PageText.escaped($0))</li>" }
    return "<div class=\"failed\"><p>Not all went well:</p><ul>\(items.joined())</ul></div>"
  }

  private var tables: String {
    let cards = findings.sets.map { set, trials in
      let header = ([set.rawValue] + Trial.columns.dropFirst())
        .map { "<th scope=\"col\">\(PageText.escaped($0))</th>" }
      let rows = trials.map { trial in
        let cells = trial.cells.dropFirst().map { "<td>\(PageText.escaped($0))</td>" }
        return "<tr><th scope=\"row\">\(PageText.escaped(trial.configuration.name))</th>"
          + "\(cells.joined())</tr>"
      }
      return """
        <div class="card"><h3>\(PageText.escaped(set.summary))</h3>
        <div class="wide"><table>
        <tr>\(header.joined())</tr>
        \(rows.joined(separator: "\n"))
        </table></div>
        <pre>\(PageText.escaped(PageText.command(findings.command(set))))</pre></div>
        """
    }
    return """
      <section>
      <h2>Side by side</h2>
      <p>ms: from an update until all nodes hold it. bytes/s and packets/s: sent by a node at \
      rest. crash: until all others say that a killed node is down.</p>
      \(cards.joined(separator: "\n"))
      \(realTable)
      </section>
      """
  }

  private var realTable: String {
    let rows = findings.rest.map { real in
      let figures = real.outcome
      func cell(_ name: String, _ factor: Double) -> String {
        "<td>\(figures.number(name).map { PageText.number($0 * factor) } ?? "–")</td>"
      }
      return "<tr><th scope=\"row\">\(real.options.nodes) nodes</th>"
        + cell("bytes_per_node_per_s", 1) + cell("packets_per_node_per_s", 1)
        + cell("cpu_s_per_node_per_s", 1e6) + cell("rss_bytes_per_node", 1 / 1_024) + "</tr>"
    }
    guard !rows.isEmpty else { return "" }
    let commands = findings.rest.map { PageText.escaped(PageText.command($0.options.arguments)) }
    return """
      <div class="card"><h3>at rest on this machine <span class="real">real sockets</span></h3>
      <div class="wide"><table>
      <tr><th scope="col">of a node</th><th scope="col">bytes/s</th><th scope="col">packets/s</th>\
      <th scope="col">processor, µs/s</th><th scope="col">memory, KiB</th></tr>
      \(rows.joined(separator: "\n"))
      </table></div>
      <pre>\(commands.joined(separator: "\n"))</pre></div>
      """
  }

  private var foot: String {
    """
    <footer>
    <p>Points of reference: kite is the gossip of piko's living descendant; memberlist, \
    scuttlebutt, ckit, chitchat and SWIM Swift ran unchanged at their newest public versions, all \
    nodes in one process over loopback sockets, \(Anchor.source). Machines differ: compare \
    ratios, not last digits.</p>
    <p>Percentiles are values that were measured, by the nearest rank: p99 of fewer than 100 runs \
    is the slowest one.</p>
    </footer>
    """
  }

  /// The shapes of marks, around their middle.
  private static let marks: String = {
    let shapes: [(Plot.Mark, String)] = [
      (.circle, "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"),
      (.square, "M-3.6 -3.6h7.2v7.2h-7.2z"),
      (.triangle, "M0 -4.8L4.6 3.4L-4.6 3.4z"),
      (.diamond, "M0 -5.2L4.4 0L0 5.2L-4.4 0z"),
      (.cross, "M-3.6 -3.6L3.6 3.6M-3.6 3.6L3.6 -3.6"),
      (.plus, "M-4.6 0H4.6M0 -4.6V4.6"),
      (.wedge, "M0 4.8L4.6 -3.4L-4.6 -3.4z"),
    ]
    let paths = shapes.map { "<path id=\"mark-\($0.0.rawValue)\" d=\"\($0.1)\"/>" }
    return "<svg class=\"defs\" aria-hidden=\"true\"><defs>\(paths.joined())</defs></svg>"
  }()
}
