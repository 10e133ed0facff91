import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    id("com.android.application") version "8.9.1"
    id("org.jetbrains.kotlin.android") version "2.2.21"
}

android {
    namespace = "dcgan.phone"
    compileSdk = 36
    defaultConfig {
        applicationId = "dcgan.phone"
        minSdk = 24  // Android 7: what LiteRT 2.3 needs
        targetSdk = 34
        versionCode = 1
        versionName = "1.0"
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }
}

kotlin {
    compilerOptions {
        jvmTarget = JvmTarget.JVM_11
        freeCompilerArgs.add("-Xskip-metadata-version-check")  // LiteRT may be built with a newer Kotlin
    }
}

dependencies {
    implementation("com.google.ai.edge.litert:litert:2.3.0")
    implementation("com.google.ai.edge.litert:litert-gpu:2.3.0")  // without it, the GPU is always refused
}

// The model is kept once in this repository, and copied into the app. Another file: -Pmodel=/path/to/it.tflite
val model = providers.gradleProperty("model").orElse("../../saved_models/portraits/generator-dynamic.tflite")
val copyModel by tasks.registering(Copy::class) {
    inputs.file(model)  // a missing file is an error
    from(model)
    into("src/main/assets")
    rename { "generator.tflite" }
}
tasks.named("preBuild") { dependsOn(copyModel) }
