/// The page's look, in light, in dark and on paper.
enum PageStyle {
  /// The style sheet.
  ///
  /// People who see some colours alike can tell these apart; each also has a mark and a dash of its
  /// own. Lighter ones stand on dark ground.
  static let text = """
    :root {
      color-scheme: light dark;
      --page: #f6f7f8; --card: #ffffff; --ink: #16191d; --soft: #59616b; --rule: #dfe3e7;
      --axis: #8b949e; --code: #f0f2f4;
      --c0: #0067b1; --c1: #c24a00; --c2: #00805e; --c3: #7a5c00; --c4: #a3317f; --c5: #4d5560;
      --c6: #0e7c8b;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #101316; --card: #181c20; --ink: #e8ebee; --soft: #a2abb5; --rule: #2b3138;
        --axis: #737d88; --code: #22272d;
        --c0: #58b4ff; --c1: #ff8f52; --c2: #3dd3a0; --c3: #e5c04d; --c4: #ee9ad0; --c5: #b9c1ca;
        --c6: #63d3e3;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0 auto; max-width: 76rem; padding: 2rem 1.25rem 4rem; background: var(--page);
      color: var(--ink); line-height: 1.5;
      font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
    }
    h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; letter-spacing: -.015em; }
    h2 { font-size: 1.35rem; margin: 3rem 0 1rem; letter-spacing: -.01em; }
    h3 { font-size: 1.05rem; margin: 0; }
    p { margin: .5rem 0; max-width: 46rem; }
    a { color: var(--c0); }
    .about { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem;
      margin: 1rem 0; font-size: .9rem; }
    .about dt { color: var(--soft); }
    .about dd { margin: 0; overflow-wrap: anywhere; }
    .tiles { display: grid; gap: 1rem; margin: 1.5rem 0;
      grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); }
    .tile, figure, .card { background: var(--card); border: 1px solid var(--rule);
      border-radius: .5rem; }
    .tile { padding: .9rem 1.1rem; }
    .tile b { display: block; font-size: 1.9rem; line-height: 1.25; letter-spacing: -.02em;
      font-variant-numeric: tabular-nums; }
    .tile span { display: block; font-size: .85rem; color: var(--soft); }
    .tile .what { color: var(--ink); font-size: .95rem; }
    .plots { display: grid; gap: 1.25rem;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
    figure { margin: 0; padding: 1.1rem 1.25rem; min-width: 0; display: flex;
      flex-direction: column; }
    .note { color: var(--soft); font-size: .9rem; margin: .25rem 0 0; }
    .real { font-size: .75rem; font-weight: 500; color: var(--soft); border: 1px solid var(--axis);
      border-radius: 1rem; padding: .05rem .5rem; white-space: nowrap; }
    .frame { padding: 2.4rem 1.5rem 3rem 3.6rem; }
    svg { overflow: visible; }
    .plot { display: block; width: 100%; height: 17rem; font-size: 12px; }
    .defs { position: absolute; width: 0; height: 0; }
    .grid { stroke: var(--rule); stroke-width: 1; }
    .axis { stroke: var(--axis); stroke-width: 1; }
    .plot text { fill: var(--soft); }
    .plot .name { fill: var(--ink); }
    .line { fill: none; stroke: currentColor; stroke-width: 1.5; vector-effect: non-scaling-stroke;
      stroke-linejoin: round; }
    .range { stroke: currentColor; stroke-width: 1.5; }
    use { fill: var(--card); stroke: currentColor; stroke-width: 1.6; }
    .ours .line { stroke-width: 2.5; }
    .ours use { fill: currentColor; }
    .plot .label { fill: currentColor; font-weight: 600; paint-order: stroke; stroke: var(--card);
      stroke-width: 3px; }
    .c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); }
    .c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
    .c6 { color: var(--c6); }
    .legend { list-style: none; margin: 0 0 .75rem; padding: 0; display: flex; flex-wrap: wrap;
      gap: .15rem 1.1rem; font-size: .85rem; }
    .legend li { display: flex; align-items: center; gap: .45rem; }
    .key { flex: none; }
    .by { font-size: .8rem; color: var(--soft); margin: auto 0 .15rem; }
    pre { background: var(--code); border-radius: .35rem; padding: .5rem .7rem; margin: 0;
      font-size: .78rem; line-height: 1.45; overflow-x: auto;
      font-family: ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; }
    code { font-family: ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace;
      font-size: .9em; }
    details { margin-top: .6rem; font-size: .85rem; }
    summary { cursor: pointer; color: var(--soft); }
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums;
      margin: .5rem 0; width: 100%; }
    th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid var(--rule);
      font-weight: 400; white-space: nowrap; }
    th:first-child { text-align: left; padding-left: 0; }
    th[scope="col"] { color: var(--soft); vertical-align: bottom; white-space: normal; }
    .card { padding: .6rem 1.25rem 1rem; margin-bottom: 1.25rem; }
    .card h3 { margin: .6rem 0 .3rem; }
    .failed { border-left: 4px solid var(--c1); padding: .2rem 1rem; background: var(--card); }
    @media (max-width: 40rem) {
      body { padding: 1.25rem .75rem 3rem; }
      h1 { font-size: 1.6rem; }
      figure { padding: .9rem .8rem; }
      .tiles { grid-template-columns: 1fr 1fr; gap: .6rem; }
      .tile { padding: .7rem .8rem; }
      .tile b { font-size: 1.45rem; }
      .frame { padding-right: 1.1rem; padding-left: 3.5rem; }
      .plot { height: 14rem; }
    }
    @media print {
      :root {
        color-scheme: light;
        --page: #ffffff; --card: #ffffff; --ink: #000000; --soft: #444444; --rule: #d5d5d5;
        --axis: #777777; --code: #f2f2f2;
        --c0: #0067b1; --c1: #c24a00; --c2: #00805e; --c3: #7a5c00; --c4: #a3317f; --c5: #4d5560;
        --c6: #0e7c8b;
      }
      body { max-width: none; padding: 0; font-size: 10pt; }
      figure, .tile, .card { break-inside: avoid; }
      h2 { break-after: avoid; }
      .plots { grid-template-columns: 1fr 1fr; gap: .7rem; }
      figure { padding: .6rem .8rem; }
      h2 { margin: 1.2rem 0 .6rem; }
      .tiles { grid-template-columns: repeat(4, 1fr); gap: .6rem; margin: 1rem 0; }
      .plot { height: 11rem; }
      .frame { padding: 2rem 1.1rem 2.8rem 3.5rem; }
      .legend { font-size: .75rem; }
      details { display: none; }
      pre { white-space: pre-wrap; font-size: .7rem; }
    }
    """
}
