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
    new.iter().try_for_each(|parameter| check(model, parameter))?;
    for NewParameter { name, values } in new {
        if let Some(target) = model.parameters_mut().get_mut(name) {
            target.copy_from_slice(values);
        }
    }
    Ok(())
}

fn check(model: &Model, NewParameter { name, values }: &NewParameter) -> Result<()> {
    let argument = || format!("parameters[\"{name}\"]");
    let Some(target) = model.parameters().get(name) else {
        let names: Vec<_> = model.parameters().entries().iter().map(|entry| entry.name.as_str()).collect();
        return Err(Error::argument(
            Code::Option,
            "parameters",
            name,
            format!("tensors of the model: {}", names.join(", ")),
        ));
    };
    if values.len() != target.len() {
        return Err(Error::argument(
            Code::Shape,
            argument(),
            format!("{} values", values.len()),
            format!("{} values", target.len()),
        ));
    }
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => {
            let got = format!("{} at {at}", values[at]);
            Err(Error::argument(Code::NotFinite, argument(), got, "finite numbers only"))
        }
    }
}
