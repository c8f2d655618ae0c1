package io.pointsman.xds;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "io.pointsman.xds", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule ofThePluginModuleOnlyWhatIsCommonIsUsed =
      noClasses()
          .should()
          .dependOnClassesThat(
              resideInAPackage("io.pointsman..")
                  .and(not(resideInAPackage("io.pointsman.xds..")))
                  .and(not(resideInAPackage("io.pointsman.common.."))));

  @ArchTest
  static final ArchRule settingsKnowNothingOfEnvoy =
      classes()
          .that()
          .resideInAPackage("io.pointsman.xds.settings")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "io.pointsman.xds.settings", "io.pointsman.common", "java..", "org.jspecify..");

  @ArchTest
  static final ArchRule theSnapshotIsAFunctionOfTheSettings =
      noClasses()
          .that()
          .resideInAPackage("io.pointsman.xds.snapshot")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.pointsman.xds.server", "io.pointsman.xds.app", "io.grpc..", "java.nio.file..");

  @ArchTest
  static final ArchRule policiesAreAFunctionOfTheSettings =
      noClasses()
          .that()
          .resideInAPackage("io.pointsman.xds.policy")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.pointsman.xds.server",
              "io.pointsman.xds.gateway",
              "io.pointsman.xds.app",
              "io.fabric8..",
              "java.nio.file..");

  @ArchTest
  static final ArchRule theServerKnowsNothingOfTheProgram =
      noClasses()
          .that()
          .resideInAPackage("io.pointsman.xds.server")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.pointsman.xds.app");

  @ArchTest
  static final ArchRule theKeeperOfPoliciesKnowsNothingOfTheProgram =
      noClasses()
          .that()
          .resideInAPackage("io.pointsman.xds.gateway")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.pointsman.xds.app", "io.pointsman.xds.snapshot", "io.grpc..");

  @ArchTest
  static final ArchRule packagesDependInOneDirection =
      slices().matching("io.pointsman.xds.(*)..").should().beFreeOfCycles();
}
