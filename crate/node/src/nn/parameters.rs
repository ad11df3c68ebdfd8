//! Trained tensors by name.

use inverted_dropout::nn::Model;
use inverted_dropout::{Code, Error, Result};
use napi::bindgen_prelude::Float32Array;
use napi_derive::napi;

/// A tensor on its way to JavaScript: a copy.
#[napi(object, object_from_js = false)]
pub struct NativeParameter {
    pub name: String,
    pub shape: Vec<u32>,
    pub values: Float32Array,
}

/// New values of a tensor.
#[napi(object, object_to_js = false)]
pub struct NewParameter {
    pub name: String,
    pub values: Float32Array,
}

pub(crate) fn read(model: &Model) -> Vec<NativeParameter> {
    with_values(model, model.parameters().values())
}

/// The trained tensors with other values in their layout.
pub(crate) fn with_values(model: &Model, values: &[f32]) -> Vec<NativeParameter> {
    let parameters = model.parameters();
    let copy = |entry: &inverted_dropout::nn::Entry| NativeParameter {
        name: entry.name.clone(),
        shape: entry.shape.iter().map(|&extent| extent as u32).collect(),
        values: Float32Array::new(values[entry.range.clone()].to_vec()),
    };
    parameters.entries().iter().map(copy).collect()
}

/// Writes all of `new` or, where one of them does not fit, nothing.
pub(crate) fn write(model: &mut Model, new: &[NewParameter]) -> Result<()> {
    new.iter().try_for_each(|parameter| check(model, "parameters", parameter))?;
    for NewParameter { name, values } in new {
        if let Some(target) = model.parameters_mut().get_mut(name) {
            target.copy_from_slice(values);
        }
    }
    Ok(())
}

/// A tensor of the caller's for each of the model's, in the layout of those.
pub(crate) fn gather(model: &Model, argument: &str, given: &[NewParameter]) -> Result<Vec<f32>> {
    given.iter().try_for_each(|parameter| check(model, argument, parameter))?;
    let mut all = vec![0.0; model.parameters().len()];
    for entry in model.parameters().entries() {
        let Some(found) = given.iter().find(|parameter| parameter.name == entry.name) else {
            let got = format!("none for \"{}\"", entry.name);
            return Err(Error::argument(Code::Option, argument, got, "a tensor for each of the model's"));
        };
        all[entry.range.clone()].copy_from_slice(&found.values);
    }
    Ok(all)
}

/// Holds a tensor of an argument against the model's of that name.
fn check(model: &Model, argument: &str, NewParameter { name, values }: &NewParameter) -> Result<()> {
    let Some(target) = model.parameters().get(name) else {
        let names: Vec<_> = model.parameters().entries().iter().map(|entry| entry.name.as_str()).collect();
        let allowed = format!("tensors of the model: {}", names.join(", "));
        return Err(Error::argument(Code::Option, argument, name, allowed));
    };
    let argument = format!("{argument}[\"{name}\"]");
    if values.len() != target.len() {
        let (got, allowed) = (format!("{} values", values.len()), format!("{} values", target.len()));
        return Err(Error::argument(Code::Shape, argument, got, allowed));
    }
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => {
            let got = format!("{} at {at}", values[at]);
            Err(Error::argument(Code::NotFinite, argument, got, "finite numbers only"))
        }
    }
}
