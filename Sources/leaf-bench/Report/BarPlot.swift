private import Foundation

/// Bars made of a table, as an SVG picture: one panel a value of the first column, one group of bars a row. Each panel has
/// its own scale, since they may be orders of magnitude apart.
struct BarPlot {
    private struct Group {
        var label: String
        /// In the order of the series; nil where there is no figure.
        var values: [Double?]
    }

    private struct Panel {
        var label: String
        var groups: [Group]
    }

    private let title: String
    private let chart: Chart
    private let panels: [Panel]
    /// What the second column is.
    private let groupName: String

    private static let width = 860.0
    private static let panelHeight = 190.0
    private static let margin = (left: 76.0, right: 16.0, top: 84.0, panel: 58.0)
    /// Okabe and Ito's: told apart by the colour-blind too, and on light and dark ground.
    private static let colors = ["#0072B2", "#56B4E9", "#D55E00", "#E69F00", "#8C8C8C", "#009E73", "#CC79A7"]

    /// Nil for a table without figures in the columns that the chart names.
    init?(_ table: Table, _ chart: Chart) {
        let columns = chart.series.compactMap { table.columns.firstIndex(of: $0) }
        guard table.columns.count > 2, !columns.isEmpty, columns.count == chart.series.count, !table.rows.isEmpty else {
            return nil
        }
        var panels: [Panel] = []
        for row in table.rows {
            let label = "\(table.columns[0]) \(row[0].shown)"
            if panels.last?.label != label { panels.append(Panel(label: label, groups: [])) }
            panels[panels.count - 1].groups.append(Group(label: row[1].shown, values: columns.map { row[$0].figure }))
        }
        title = table.title
        self.chart = chart
        self.panels = panels
        groupName = table.columns[1]
    }

    var svg: String {
        let height = BarPlot.margin.top + Double(panels.count) * (BarPlot.panelHeight + BarPlot.margin.panel)
        let size =
            "width=\"\(Int(BarPlot.width))\" height=\"\(Int(height))\" viewBox=\"0 0 \(Int(BarPlot.width)) \(Int(height))\""
        let body = panels.enumerated().map { drawn($1, top: top(of: $0)) }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" \(size) role="img" aria-labelledby="title">
            <title id="title">\(escaped(title))</title>
            <style>
            text { font: 12px system-ui, sans-serif; fill: #24292f; }
            .ground { fill: #ffffff; } .line { stroke: #d0d7de; } .heading { font-size: 16px; font-weight: 600; }
            .panel { font-weight: 600; } .tick { fill: #57606a; }
            .value { font-size: 10px; paint-order: stroke; stroke: #ffffff; stroke-width: 3px; }
            @media (prefers-color-scheme: dark) {
            text { fill: #e6edf3; } .ground { fill: #0d1117; } .line { stroke: #3d444d; } .tick { fill: #9198a1; }
            .value { stroke: #0d1117; }
            }
            </style>
            <rect class="ground" width="100%" height="100%" rx="6"/>
            \(text(title, x: 16, y: 28, "heading"))
            \(legend)
            \(body.joined(separator: "\n"))
            </svg>

            """
    }

    private func top(of panel: Int) -> Double {
        BarPlot.margin.top + 24 + Double(panel) * (BarPlot.panelHeight + BarPlot.margin.panel)
    }

    private var legend: String {
        var x = 16.0
        return chart.series.enumerated().map { index, name in
            defer { x += 34 + 7.5 * Double(name.count) }
            return rectangle(x: x, y: 44, width: 12, height: 12, BarPlot.color(index))
                + text(name, x: x + 18, y: 54)
        }.joined(separator: "\n")
    }

    // MARK: A panel

    private func drawn(_ panel: Panel, top: Double) -> String {
        let ticks = BarPlot.ticks(upTo: panel.groups.flatMap(\.values).compactMap { $0 }.max() ?? 0)
        let scale = (BarPlot.panelHeight - 16) / ticks[ticks.count - 1]
        let bottom = top + BarPlot.panelHeight
        let left = BarPlot.margin.left
        let right = BarPlot.width - BarPlot.margin.right
        var parts = [text("\(panel.label) — \(chart.axis)", x: 16, y: top - 10, "panel")]
        for tick in ticks {
            let y = bottom - tick * scale
            parts.append(
                "<line class=\"line\" x1=\"\(point(left))\" y1=\"\(point(y))\" x2=\"\(point(right))\" y2=\"\(point(y))\"/>"
            )
            parts.append(text(BarPlot.round(tick), x: left - 8, y: y + 4, "tick", anchor: "end"))
        }
        let groupWidth = (right - left) / Double(panel.groups.count)
        for (index, group) in panel.groups.enumerated() {
            let x = left + groupWidth * Double(index)
            parts.append(
                text("\(groupName): \(group.label)", x: x + groupWidth / 2, y: bottom + 18, "tick", anchor: "middle"))
            parts.append(bars(group, x: x + groupWidth * 0.06, width: groupWidth * 0.88, bottom: bottom, scale: scale))
        }
        return parts.joined(separator: "\n")
    }

    private func bars(_ group: Group, x: Double, width: Double, bottom: Double, scale: Double) -> String {
        let step = width / Double(group.values.count)
        return group.values.enumerated().compactMap { index, value in
            guard let value else { return nil }
            let left = x + step * Double(index)
            let height = value * scale
            return rectangle(
                x: left + step * 0.08, y: bottom - height, width: step * 0.84, height: height, BarPlot.color(index))
                + text(
                    BarPlot.short(value), x: left + step / 2, y: bottom - height - 4, "value", anchor: "middle")
        }.joined(separator: "\n")
    }

    /// 0 and three to six round numbers above it, the last not below the highest value.
    private static func ticks(upTo highest: Double) -> [Double] {
        guard highest > 0 else { return [0, 1] }
        let rough = highest / 4
        let unit = pow(10, floor(log10(rough)))
        let step = [1, 2, 5, 10].map { $0 * unit }.first { $0 >= rough } ?? 10 * unit
        return (0...Int((highest / step).rounded(.up))).map { Double($0) * step }
    }

    /// As `NumberText`, but short enough for a bar's width: "1.23M", "345k".
    private static func short(_ value: Double) -> String {
        switch value {
        case 1e6...: NumberText.number(value / 1e6) + "M"
        case 1e4...: NumberText.number(value / 1e3) + "k"
        default: NumberText.number(value)
        }
    }

    /// A tick: without the zeros that a measured figure would show.
    private static func round(_ tick: Double) -> String { tick < 1000 ? String(format: "%g", tick) : short(tick) }

    private static func color(_ index: Int) -> String { colors[index % colors.count] }

    // MARK: Elements

    private func rectangle(x: Double, y: Double, width: Double, height: Double, _ color: String) -> String {
        let place = "x=\"\(point(x))\" y=\"\(point(y))\" width=\"\(point(width))\" height=\"\(point(height))\""
        return "<rect \(place) fill=\"\(color)\"/>"
    }

    private func text(_ text: String, x: Double, y: Double, _ style: String? = nil, anchor: String? = nil) -> String {
        let style = style.map { " class=\"\($0)\"" } ?? ""
        let anchor = anchor.map { " text-anchor=\"\($0)\"" } ?? ""
        return "<text x=\"\(point(x))\" y=\"\(point(y))\"\(style)\(anchor)>\(escaped(text))</text>"
    }

    private func point(_ value: Double) -> String { String(format: "%.1f", value) }

    private func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}

extension Value {
    fileprivate var figure: Double? {
        switch self {
        case .count(let count): Double(count)
        case .number(let number) where number.isFinite: number
        case .number, .text, .missing: nil
        }
    }
}
