"use strict";
// The points of the villages, read from the table below the map: what it shows is what the table says, and no more.
document.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("map");
  if (!place || !window.echarts) return;
  const rows = [...document.querySelectorAll("#villages-table tr[data-latitude]")].map((row) => row.dataset);
  if (rows.length === 0) {
    place.hidden = true;
    return;
  }
  const points = rows.map((one) => ({
    name: one.name,
    value: [Number(one.longitude), Number(one.latitude), Number(one.open)],
  }));
  const series = (watched) => ({
    type: "scatter",
    symbol: watched ? "diamond" : "circle",
    symbolSize: watched ? 13 : 9,
    itemStyle: { color: watched ? "#b45309" : "#4b6b8a", borderColor: "#fff", borderWidth: 1 },
    data: points.filter((point) => point.value[2] > 0 === watched),
  });
  const middle = (Math.PI / 180) * points[0].value[1];
  const span = (axis) => {
    const all = points.map((point) => point.value[axis]);
    return [Math.min(...all), Math.max(...all)];
  };
  const chart = echarts.init(place, null, { renderer: "canvas" });
  const draw = () => {
    // A degree of longitude is shorter than one of latitude: both axes get the same metres to a pixel.
    const [west, east] = span(0);
    const [south, north] = span(1);
    const wide = Math.max(place.clientWidth - 40, 1);
    const high = Math.max(place.clientHeight - 40, 1);
    const squeeze = Math.cos(middle);
    const scale = Math.max(((east - west) * squeeze) / wide, (north - south) / high, 0.0001) * 0.55;
    const across = (scale * wide) / squeeze;
    const along = scale * high;
    const axis = (centre, half) => ({ type: "value", show: false, min: centre - half, max: centre + half });
    chart.setOption({
      animation: false,
      grid: { left: 20, right: 20, top: 20, bottom: 20 },
      xAxis: axis((west + east) / 2, across),
      yAxis: axis((south + north) / 2, along),
      tooltip: {
        renderMode: "richText", // as text on the canvas: the page lets no style in that is written into it
        formatter: (one) => `${one.name}\n${place.dataset.open} ${one.value[2]}`,
      },
      series: [series(false), series(true)],
    });
  };
  draw();
  place.dataset.points = String(points.length);
  new ResizeObserver(() => {
    chart.resize();
    draw();
  }).observe(place);
});
