package io.pointsman.e2e.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class BarChartTest {
  @Test
  void barsAreAsHighAsTheirValues() throws Exception {
    var panel = new BarChart.Panel("hits", "%", List.of(10.0, 40.0), 20, "ideal", "%.0f");

    Element svg = parse(new BarChart("a < b", List.of("one", "two\nlines"), List.of(panel)));

    // The first rectangle is the ground.
    NodeList bars = svg.getElementsByTagName("rect");
    assertThat(bars.getLength()).isEqualTo(3);
    assertThat(number(bars.item(2), "height"))
        .isCloseTo(4 * number(bars.item(1), "height"), within(0.5));
    assertThat(texts(svg)).contains("a < b", "hits", "%", "ideal", "10", "40", "lines");
  }

  @Test
  void aMissingValueIsADashAndNoBar() throws Exception {
    var panel = new BarChart.Panel("hits", "%", List.of(Double.NaN, 5.0), Double.NaN, "", "%.0f");

    Element svg = parse(new BarChart("t", List.of("one", "two"), List.of(panel)));

    assertThat(number(svg.getElementsByTagName("rect").item(1), "height")).isZero();
    assertThat(texts(svg)).contains("–");
  }

  @Test
  void allZeroesStillHaveAScale() throws Exception {
    var panel = new BarChart.Panel("hits", "%", List.of(0.0), Double.NaN, "", "%.0f");

    assertThat(texts(parse(new BarChart("t", List.of("one"), List.of(panel))))).contains("0", "1");
  }

  @Test
  void eachBarNeedsAValueInEachPanel() {
    var panel = new BarChart.Panel("hits", "%", List.of(1.0), Double.NaN, "", "%.0f");

    assertThatThrownBy(() -> new BarChart("t", List.of("one", "two"), List.of(panel)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("hits");
  }

  @ParameterizedTest
  @CsvSource({"0.9, 1", "1, 1", "1.1, 2", "18, 20", "21, 50", "51, 100", "0.03, 0.05", "0, 1"})
  void scalesCountInRoundSteps(double least, double step) {
    assertThat(BarChart.niceStep(least)).isCloseTo(step, within(1e-9));
  }

  private static Element parse(BarChart chart) throws Exception {
    var bytes = chart.svg().getBytes(StandardCharsets.UTF_8);
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(bytes))
        .getDocumentElement();
  }

  private static double number(org.w3c.dom.Node node, String attribute) {
    return Double.parseDouble(((Element) node).getAttribute(attribute));
  }

  private static List<String> texts(Element svg) {
    var texts = new ArrayList<String>();
    NodeList nodes = svg.getElementsByTagName("text");
    for (int i = 0; i < nodes.getLength(); i++) {
      texts.add(nodes.item(i).getTextContent());
    }
    return texts;
  }
}
