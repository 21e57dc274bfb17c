//! A workspace follows its own settings file.

use super::*;
use crate::fs::MemoryFileSystem;

fn open(settings: &str) -> Workspace {
    let fs = MemoryFileSystem::new()
        .with(
            "a/x.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n",
        )
        .with(
            "b/y.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: y}\n",
        )
        .with("meshscope.yaml", settings);
    Workspace::open(Utf8Path::new(""), &fs).unwrap()
}

/// Each mesh with its files and its domain.
fn shape(workspace: &Workspace) -> Vec<String> {
    let db = workspace.db();
    let meshes = workspace.meshes().map(|mesh| {
        let units = mesh.input().units(db).iter();
        let files: Vec<&str> = units.map(|unit| unit.file.path(db).as_str()).collect();
        let domain = &mesh.input().settings(db).domain;
        format!("{} {domain} {}", mesh.name(), files.join(","))
    });
    meshes.collect()
}

#[test]
fn the_settings_file_makes_the_meshes_and_is_no_manifest() {
    let workspace = open("meshes: [{name: one, include: [a]}, {name: two, domain: two.local}]\n");
    assert_eq!(
        shape(&workspace),
        [
            "one cluster.local a/x.yaml",
            "two two.local a/x.yaml,b/y.yaml"
        ]
    );
}

#[test]
fn an_edit_of_the_settings_file_remakes_the_meshes() {
    let mut workspace = open("meshes: [{name: one, include: [a]}, {name: two}]\n");
    let two = workspace.mesh("two").unwrap().input();
    workspace.set_text(
        "meshscope.yaml",
        "meshes: [{name: two, domain: new.local}]\n",
    );
    assert_eq!(shape(&workspace), ["two new.local a/x.yaml,b/y.yaml"]);
    assert_eq!(workspace.mesh("two").unwrap().input(), two);
    workspace.remove("meshscope.yaml");
    assert_eq!(
        shape(&workspace),
        ["default cluster.local a/x.yaml,b/y.yaml"]
    );
}

#[test]
fn half_typed_settings_leave_the_meshes_as_they_were() {
    let mut workspace = open("meshes: [{name: one, include: [a]}]\n");
    let before = shape(&workspace);
    workspace.set_text("meshscope.yaml", "meshes: [{name: one, inc\n");
    assert_eq!(shape(&workspace), before);
    assert_eq!(workspace.settings().problems.len(), 1);
}

#[test]
fn a_file_that_the_settings_read_is_read_again() {
    let mut workspace = open("mesh_config_file: b/mesh.yaml\n");
    assert_eq!(workspace.settings().problems.len(), 1);
    workspace.set_text("b/mesh.yaml", "rootNamespace: root\n");
    assert_eq!(workspace.settings().problems, []);
    assert_eq!(workspace.settings().meshes[0].mesh_config.len(), 1);
}
