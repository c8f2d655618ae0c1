package io.pointsman.plugin;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.lang.ArchRule;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the code to the package rules of the design. */
class ArchitectureTest {
  private static final String PLUGIN = "io.pointsman.plugin.";
  private static final String COMMON = "io.pointsman.common..";

  /** An arrow never points back up this list. */
  private static final List<String> LAYERS =
      List.of(
          "app",
          "admin",
          "extproc",
          "prefill",
          "limit",
          "identity",
          "routing",
          "blockmap",
          "prompt",
          "endpoint",
          "redis");

  private static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.pointsman.plugin", "io.pointsman.common");

  private static final JavaClasses ALL =
      new ClassFileImporter()
          .withImportOption(ArchitectureTest::isWrittenByHand)
          .importPackages("io.pointsman.plugin", "io.pointsman.common");

  private static boolean isWrittenByHand(Location location) {
    return !location.contains("/jmh_generated/");
  }

  static Stream<Arguments> layers() {
    return LAYERS.stream()
        .map(layer -> Arguments.of(layer, LAYERS.subList(0, LAYERS.indexOf(layer))));
  }

  @ParameterizedTest
  @MethodSource("layers")
  void noPackageUsesOneAboveIt(String layer, List<String> above) {
    String[] forbidden = above.stream().map(name -> PLUGIN + name + "..").toArray(String[]::new);
    ArchRule rule =
        noClasses()
            .that()
            .resideInAPackage(PLUGIN + layer + "..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(forbidden);

    rule.allowEmptyShould(true).check(MAIN);
  }

  @Test
  void everyClassIsInAPackageOfTheDesign() {
    List<String> packages =
        new ArrayList<>(LAYERS.stream().map(name -> PLUGIN + name + "..").toList());
    packages.add(COMMON);
    ArchRule rule = classes().should().resideInAnyPackage(packages.toArray(String[]::new));

    rule.check(MAIN);
  }

  @Test
  void whatIsCommonUsesNothingOfThePlugin() {
    ArchRule rule =
        noClasses()
            .that()
            .resideInAPackage(COMMON)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.pointsman.plugin..");

    rule.check(MAIN);
  }

  @Test
  void strategiesKnowNeitherGrpcNorEnvoyNorRedis() {
    ArchRule rule =
        noClasses()
            .that()
            .resideInAnyPackage(PLUGIN + "routing..", PLUGIN + "prompt..")
            .should()
            .dependOnClassesThat(
                resideInAnyPackage(
                    "io.grpc..", "io.envoyproxy..", "redis..", PLUGIN + "redis..", "java.net.."));

    rule.check(MAIN);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("io.pointsman.(**)").should().beFreeOfCycles().check(MAIN);
  }

  @Test
  void nothingSleeps() {
    ArchRule rule =
        noClasses()
            .should()
            .callMethod(Thread.class, "sleep", long.class)
            .orShould()
            .callMethod(Thread.class, "sleep", long.class, int.class)
            .orShould()
            .callMethod(TimeUnit.class, "sleep", long.class);

    rule.check(ALL);
  }

  @Test
  void staticFieldsNeverChange() {
    ArchRule areFinal = fields().that().areStatic().should().beFinal();
    ArchRule holdNothingThatChanges =
        noFields()
            .that()
            .areStatic()
            .should()
            .haveRawType(
                resideInAPackage("java.util.concurrent.atomic")
                    .or(assignableTo(ConcurrentMap.class))
                    .or(assignableTo(Executor.class))
                    .or(assignableTo(ThreadLocal.class))
                    .or(assignableTo(StringBuilder.class)));

    areFinal.check(MAIN);
    holdNothingThatChanges.check(MAIN);
  }

  @Test
  void theRulesLookAtTheCode() {
    assertThat(MAIN).extracting(JavaClass::getSimpleName).contains("Router", "YamlMap");
    assertThat(ALL).extracting(JavaClass::getSimpleName).contains("ArchitectureTest", "Router");
  }
}
